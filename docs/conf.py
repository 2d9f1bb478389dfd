"""The course's site. ``course site`` puts the lessons and what is made of them beside this file."""

project = "Convolutional networks and transfer learning"
author = "The course's authors"
extensions = ["myst_nb", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["_*.md"]  # parts of other pages
language = "en"

nb_execution_mode = "off"  # what is shown is what is stored
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_title = "Convolutional networks"
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "home_page_in_toc": True,
    "use_download_button": False,  # a lesson is to be had from the repository, with its helpers
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "navbar_persistent": [],  # its search field has another label than what is written on it
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"**": ["navbar-logo.html", "search-button.html", "sbt-sidebar-nav.html"]}
copybutton_exclude = ".linenos, .gp, .go"
