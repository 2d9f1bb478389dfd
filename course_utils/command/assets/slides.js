// Lays the slides out before reveal.js shows them. What is too tall for the room is made a little
// smaller, down to a size that is still read from the last row; what is too tall even so goes on
// on a further slide.
//
// All of it happens when the page is loaded, and its pictures with it, which are in the page: a
// browser that is told to print the page does so right after.
window.addEventListener("load", async () => {
  const WIDTH = 1280;
  const ROOM = 720;
  // Of the size of type and of figures, from the best to the least; and for a figure that has a
  // slide to itself and is too tall even so.
  const SIZES = [[1, 1], [0.95, 0.95], [0.9, 0.9], [0.85, 0.85], [0.8, 0.8]];
  const LAST = [[0.8, 0.7], [0.8, 0.6], [0.8, 0.5]];
  const UNITS = [
    ".jp-RenderedMarkdown > :not(ul, ol)",
    ".jp-RenderedMarkdown > ul > li",
    ".jp-RenderedMarkdown > ol > li",
    ".jp-CodeCell .jp-InputArea",
    ".jp-OutputArea-child",
  ].join();
  const HEADINGS = "h1, h2, h3, h4";
  const slides = document.querySelector(".slides");
  const figures = [...slides.querySelectorAll("img")];
  const natural = new Map(figures.map((figure) => [figure, figure.width || figure.naturalWidth]));

  function resize(slide, [type, figure]) {
    slide.style.setProperty("--type", type);
    for (const picture of slide.querySelectorAll("img")) {
      picture.width = Math.round((natural.get(picture) ?? picture.naturalWidth) * figure);
    }
  }

  const fits = (slide) => slide.scrollHeight <= ROOM && slide.scrollWidth <= WIDTH;

  function shrink(slide) {
    slide.classList.remove("taller");
    if (![...SIZES, ...LAST].some((size) => (resize(slide, size), fits(slide)))) slide.classList.add("taller");
  }

  const visibly = (slide, work) => {
    slide.classList.add("measured");
    slide.parentElement.classList.add("measured-in");
    work();
    slide.classList.remove("measured");
    slide.parentElement.classList.remove("measured-in");
  };

  // Where the first unit stands that ends below the room, or null: then nothing can be moved on.
  function findBreak(slide) {
    const top = slide.getBoundingClientRect().top;
    const end = ROOM - parseFloat(getComputedStyle(slide).paddingBottom) - 8; // for margins
    const units = [...slide.querySelectorAll(UNITS)];
    const below = (unit) => unit.getBoundingClientRect().bottom - top > end;
    let at = units.some(below) ? units.findIndex(below) : units.length - 1;
    while (at > 0 && units[at - 1].matches(HEADINGS)) at -= 1; // a heading stays with its text
    if (at > 0) return (range) => range.setStartBefore(units[at]);
    const first = units.findIndex((unit) => !unit.matches(HEADINGS));
    const lines = units[first]?.querySelector("pre");
    return lines ? breakLines(lines, top + end) : null;
  }

  // Between two lines of code or of what is printed, at an empty one if there is one.
  function breakLines(lines, limit) {
    const ends = [];
    const walker = document.createTreeWalker(lines, NodeFilter.SHOW_TEXT);
    let empty = null;
    let line = "";
    let last = null;
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      for (let at = 0; at < text.length; at += 1) {
        if (text.data[at] !== "\n") {
          line += text.data[at];
          continue;
        }
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        // Some room is left for the edge of the box.
        if (range.getBoundingClientRect().bottom > limit - 20) {
          const [node, offset] = empty ?? last ?? [null, 0];
          return node && ((moved) => moved.setStart(node, offset));
        }
        last = [text, at + 1];
        ends.push(last);
        if (!line.trim() && ends.length > 4) empty = last;
        line = "";
      }
    }
    return null;
  }

  function trimEnd(lines) {
    const walker = document.createTreeWalker(lines, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts.reverse()) {
      text.data = text.data.trimEnd();
      if (text.data) return;
    }
  }

  // Moves what is behind the break to a new slide, and returns it.
  function moveOn(slide, setStart) {
    const range = document.createRange();
    range.setEndAfter(slide.lastChild);
    setStart(range);
    // Notes stay where they are: they are of the whole slide.
    const notes = [...slide.querySelectorAll("aside.notes")];
    const next = slide.cloneNode(false);
    next.append(range.extractContents());
    for (const note of notes) slide.append(note);
    const cut = slide.querySelectorAll("pre");
    if (cut.length) trimEnd(cut[cut.length - 1]);
    for (const copy of next.querySelectorAll("[id]")) {
      if (document.getElementById(copy.id)) copy.removeAttribute("id");
    }
    // Going on to the slide is the step that shows it: its first part waits for no other.
    next.querySelector(".fragment")?.classList.remove("fragment");
    const headings = slide.querySelectorAll(`${HEADINGS}, .continued`);
    const above = headings[headings.length - 1];
    if (above && !next.firstElementChild?.querySelector(HEADINGS)) {
      const again = document.createElement("p");
      again.className = "continued";
      again.textContent = above.textContent.replace("¶", "");
      next.prepend(again);
    }
    slide.after(next);
    return next;
  }

  function layOut(slide) {
    let next = null;
    visibly(slide, () => {
      resize(slide, SIZES[SIZES.length - 1]);
      const found = fits(slide) ? null : findBreak(slide);
      if (found) next = moveOn(slide, found);
      shrink(slide);
    });
    if (next) layOut(next);
  }

  for (const slide of slides.querySelectorAll("section:not(:has(> section))")) layOut(slide);

  slides.querySelectorAll("section:not(:has(> section))").forEach((slide, number) => {
    for (const answer of slide.querySelectorAll("details")) {
      answer.name = `answers-${number}`; // one is open at a time
      answer.addEventListener("toggle", () => shrink(slide));
    }
  });
  // Space and Enter open an answer that has the focus; elsewhere they are reveal.js's.
  slides.addEventListener("keydown", (event) => {
    if (event.target.matches("summary") && [" ", "Enter"].includes(event.key)) {
      event.stopPropagation();
    }
  });

  if (/print-pdf/.test(location.search)) {
    // Not reveal.js's own way, which takes several frames of time.
    document.documentElement.classList.add("print-pdf", "handout");
    return;
  }
  await Reveal.initialize({
    width: WIDTH,
    height: ROOM,
    margin: 0,
    center: false,
    hash: true,
    slideNumber: "c/t",
    transition: "none",
    plugins: [RevealNotes],
  });
  document.documentElement.dataset.ready = "yes";
});
