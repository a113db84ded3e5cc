"""`python notebook/execute.py`: executes the walkthrough's text to a notebook (.ipynb) and a page (.html).

On generated sheets they are written beside the text; on pictures of your own (DATA=), which nobody may want to
commit, into var/notebook.
"""

import os
import sys
from pathlib import Path

import jupytext
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor
from traitlets.config import Config

HERE = Path(__file__).resolve().parent
ROOT, TEXT = HERE.parent, HERE / "walkthrough.py"
CELL_TIMEOUT_S = 3600
PLOTS = "import matplotlib_inline.backend_inline as b; b.set_matplotlib_formats('jpeg', pil_kwargs={'quality': 70})"
# the page is read offline, where its usual scripts cannot be fetched
NO_SCRIPTS = {"require_js_url": "", "jquery_url": "", "mathjax_url": "", "mermaid_js_url": ""}


def execute(folder: Path) -> tuple[Path, Path]:
    """Execute the text; write `walkthrough.ipynb` and `walkthrough.html` into `folder`, both or none.

    Raises CellExecutionError where a cell fails.
    """
    notebook = jupytext.read(TEXT)
    runner = ExecutePreprocessor(
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        extra_arguments=[f"--IPKernelApp.exec_lines={PLOTS}"],
        config=Config({"KernelManager": {"transport": "ipc"}}),
    )
    runner.preprocess(notebook, {"metadata": {"path": str(ROOT)}})
    for cell in notebook.cells:
        if cell.cell_type == "code":  # progress bars and what libraries say at their start
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    page, _ = HTMLExporter(**NO_SCRIPTS).from_notebook_node(notebook)
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"{TEXT.stem}.ipynb", folder / f"{TEXT.stem}.html"
    jupytext.write(notebook, written[0])
    written[1].write_text(page)
    return written


if __name__ == "__main__":
    try:
        made = execute(ROOT / "var" / "notebook" if os.environ.get("DATA") else HERE)
    except CellExecutionError as error:
        sys.exit(f"{TEXT} stopped: {error.ename}: {error.evalue}")
    sys.stdout.write("".join(f"{path} ({path.stat().st_size / 1e6:.1f} MB)\n" for path in made))
