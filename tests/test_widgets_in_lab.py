"""The menu of models in a real JupyterLab: chosen from, uploaded to, fed with no image."""

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from test_browser import RUN_ALL, clone, lab, open_notebook, pytestmark  # noqa: F401

from course_utils.command.lessons import KERNELSPEC
from course_utils.photographs import at_hand

CODE = """
from course_utils import photographs, widgets
widgets.ModelMenu(["EfficientNetLite0", "EfficientNetLite1"], photographs.at_hand())
"""


def test_a_photograph_is_chosen_and_uploaded(open_notebook, clone, tmp_path):  # noqa: F811
    notebook = new_notebook(cells=[new_code_cell(CODE)], metadata={"kernelspec": KERNELSPEC})
    nbformat.write(notebook, clone / "menu.ipynb")
    page = open_notebook("menu.ipynb")
    errors, _ = page.evaluate(RUN_ALL)
    assert errors == []
    models, pictures = (page.locator(".jupyter-widgets select").nth(i) for i in (0, 1))
    page.wait_for_selector("text=EfficientNetLite0 on chelsea")
    models.select_option("EfficientNetLite1")
    pictures.select_option("coffee")
    page.wait_for_selector("text=EfficientNetLite1 on coffee")
    page.wait_for_selector("td:text('espresso')")

    def upload(path) -> None:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload your own").click()
        chooser.value.set_files(str(path))

    upload(at_hand()["motorcycle"])
    page.wait_for_selector("text=EfficientNetLite1 on motorcycle_left.png (yours)")
    (tmp_path / "notes.jpg").write_text("no picture")
    upload(tmp_path / "notes.jpg")
    page.wait_for_selector("text=notes.jpg is text, not an image")
    pictures.select_option("chelsea")
    page.wait_for_selector("text=EfficientNetLite1 on chelsea")
