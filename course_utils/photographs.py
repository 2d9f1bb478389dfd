"""Photographs to ask a model about: those at hand, and your own.

In Colab a file of your own comes by upload or webcam; in JupyterLab drag it into the file
browser and give its path.
"""

import base64
import difflib
import os
from pathlib import Path

from course_utils.caching import save_whole
from course_utils.data import sample_photographs
from course_utils.paths import data_dir

# Shows the camera's picture above a button; gives the picture that was there when it was clicked,
# as a data URL. Colab waits for the promise.
_WEBCAM = """
(async () => {
  const stream = await navigator.mediaDevices.getUserMedia({video: true});
  const video = document.createElement("video");
  const button = document.createElement("button");
  button.textContent = "Take the photograph";
  const clicked = new Promise((resolve) => { button.onclick = resolve; });
  video.srcObject = stream;
  video.style.display = "block";
  document.body.append(video, button);
  try {
    await video.play();
    google.colab.output.setIframeHeight(document.documentElement.scrollHeight, true);
    await clicked;
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    return canvas.toDataURL("image/jpeg", 0.9);
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    video.remove();
    button.remove();
  }
})()
"""


def at_hand() -> dict[str, Path]:
    """Photographs that need no network: of matplotlib and scikit-image, and of the course.

    Returns
    -------
    dict of str to path
        Name to file: those of :func:`course_utils.data.sample_photographs`, then the hats and
        cubes of ``data/photographs``.
    """
    own = sorted((data_dir() / "photographs").glob("*/*.jpg"))
    return sample_photographs() | {path.stem: path for path in own}


def get(source: str | Path, folder: str | Path = ".") -> Path:
    """Find a photograph, or let one be uploaded or taken.

    Parameters
    ----------
    source : str or path
        The name of one that is at hand, such as "chelsea"; or "upload" or "webcam", in Colab; or
        the path of a file.
    folder : path
        Where an upload or a picture of the webcam is saved.

    Returns
    -------
    path
        Of the file.

    Raises
    ------
    FileNotFoundError
        If there is neither a photograph nor a file of this name.
    RuntimeError
        On "upload" or "webcam" outside Colab, or if none came.
    """
    if source == "upload":
        return _upload(Path(folder))
    if source == "webcam":
        return _webcam(Path(folder))
    known = at_hand()
    if source in known:
        return known[str(source)]
    if os.path.exists(source):
        return Path(source)
    close = difflib.get_close_matches(str(source), known, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    raise FileNotFoundError(
        f"No photograph {str(source)!r}. {hint}Known: {', '.join(known)}; or give the path of a "
        f"file. Relative paths start at {Path.cwd()}."
    )


def _upload(folder: Path) -> Path:
    try:
        from google.colab import files
    except ImportError as error:
        raise RuntimeError(
            "Only Colab has an upload in a cell. Here drag your file into JupyterLab's file "
            "browser, on the left, and give its path; or use the lesson's menu."
        ) from error
    files_by_name = files.upload()
    if not files_by_name:
        raise RuntimeError("No file was uploaded. Run the cell again, and choose one.")
    name, content = next(reversed(files_by_name.items()))
    return _saved(folder / Path(name).name, content)


def _webcam(folder: Path) -> Path:
    try:
        from google.colab.output import eval_js
    except ImportError as error:
        raise RuntimeError(
            "Only Colab can use the webcam from a cell. Here take the photograph with another "
            "program, and give the path of its file."
        ) from error
    try:
        url = eval_js(_WEBCAM)
    except Exception as error:  # Colab's own class, which carries the browser's message
        raise RuntimeError(
            f"No photograph was taken ({error}). Allow this page the camera, in the browser's "
            "address bar, and run the cell again."
        ) from error
    _, _, encoded = url.partition(",")
    return _saved(folder / "webcam.jpg", base64.b64decode(encoded))


def _saved(path: Path, content: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_whole(path, lambda file: file.write(content))
    except OSError as error:
        raise OSError(
            f"Cannot write {path} ({error.strerror}). Make room, or allow it, and run the cell "
            "again."
        ) from error
    return path
