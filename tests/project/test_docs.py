"""What the documents say is so: their code runs, their links lead somewhere, the examples in docstrings hold."""

import doctest
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import isolated
import pytest

import fastreg

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
MODULES = [path for path in sorted((ROOT / "fastreg").rglob("*.py")) if ">>>" in path.read_text()]


ALONE = [ROOT / "README.md", ROOT / "docs" / "guide.md"]  # pages that say that each of their blocks runs on its own


LONG = {  # pages that take seconds and show what other tests check by default, too
    "coming_from_glmnet.md", "coming_from_scikit_learn.md", "exposure.md", "frame_to_statement.md", "guide.md",
    "own_family.md", "own_penalty.md", "pictures.md", "posteriors.md", "scale.md",
}  # fmt: skip
LONG_EXAMPLES = {
    "cluster/distributing",
    "cross_validation/cv_path",
    "fit_multi_path",
    "relaxed/nested",
    "stability_path",
}
NEEDED = {"formulas.md": "formulaic", "frame_to_statement.md": "formulaic", "scale.md": "distributed"}  # by pages


@pytest.fixture(autouse=True)
def close_pictures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def name(path):
    return str(path.relative_to(ROOT))


def blocks(page, language):
    """The code blocks of a page in a language, each with as many empty lines before it as its place in the page."""
    text = page.read_text()
    found = re.finditer(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return ["\n" * text.count("\n", 0, block.start(1)) + block[1] for block in found]


def pages_in(language):
    return [page for page in PAGES if blocks(page, language)]


def commands(page):
    return [line for line in "".join(blocks(page, "sh")).split("\n") if line.startswith("python ")]


def marked(page):
    """A page as a parameter, which starts processes where it has commands; slow, if its blocks also run alone, too."""
    marks = [pytest.mark.process] * bool(commands(page)) + [pytest.mark.slow] * (page in ALONE or page.name in LONG)
    return pytest.param(page, id=name(page), marks=marks)


@pytest.mark.parametrize("page", map(marked, pages_in("python")))
def test_code_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch, capsys):
    """Its Python first, then its commands, which may read what that wrote. Outputs are those that the page shows."""
    monkeypatch.chdir(tmp_path)
    if page.name in NEEDED:
        pytest.importorskip(NEEDED[page.name])
    names = {"__name__": "page"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", fastreg.ConvergenceWarning)
        for block in blocks(page, "python"):
            exec(compile(block, name(page), "exec"), names)
            compare_output(page, block, capsys.readouterr().out)
    for command in commands(page):
        words = [sys.executable, *shlex.split(command)[1:]]
        done = subprocess.run(
            words, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=isolated.LIMIT
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", pages_in("python"), ids=name)
def test_a_page_says_at_its_top_how_its_blocks_run(page):
    """Each alone, which is tested below, or one after the other, as above."""
    top = " ".join(page.read_text().split("```")[0].split())
    if page in ALONE and len(blocks(page, "python")) > 1:
        assert "Each block of code runs on its own." in top
    elif len(blocks(page, "python")) > 1:
        assert "The blocks of code on this page build on each other, from top to bottom" in top


def blocks_alone():
    return [
        pytest.param(
            page,
            block,
            id=f"{name(page)}:{block.count(chr(10), 0, len(block) - len(block.lstrip())) + 1}",
            marks=[pytest.mark.slow] * (page.name in LONG),
        )
        for page in ALONE
        for block in blocks(page, "python")
    ]


@pytest.mark.parametrize("page, block", blocks_alone())
def test_a_block_runs_alone(page, block, tmp_path, monkeypatch, capsys):
    """In a namespace of its own; what it prints is what the page shows after it, if the page does."""
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        for category in (fastreg.ConvergenceWarning, fastreg.DataWarning):
            warnings.simplefilter("error", category)
        exec(compile(block, name(page), "exec"), {"__name__": "page"})
    compare_output(page, block, capsys.readouterr().out)


def compare_output(page, block, printed):
    """That a block printed what the page shows after it, if it does."""
    shown = re.search(re.escape(block.lstrip("\n")) + r"```\n\n```text\n(.*?)^```", page.read_text(), re.M | re.S)
    if shown:
        assert figures(printed) == figures(shown[1])


def figures(text):
    """The words and numbers of an output but for gaps, such as 3.1e-08, which are another with another processor."""
    return [word for word in text.split() if not re.fullmatch(r"\d\.\de-\d\d|0\.0e\+00", word)]


def test_the_front_page_shows_an_output_and_a_picture():
    text = (ROOT / "README.md").read_text()
    assert text.count("```text\n") == 1 and "(docs/melanoma.png)" in text
    assert 'savefig("melanoma.png")' in blocks(ROOT / "README.md", "python")[0]


@pytest.mark.process
@pytest.mark.parametrize("page", pages_in("r"), ids=name)
def test_r_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    asked = [shutil.which("Rscript") or "", "-e", "library(glmnet)"]
    if not asked[0] or subprocess.run(asked, capture_output=True).returncode:
        pytest.skip("needs R with glmnet")
    script = tmp_path / "page.R"
    script.write_text("\n".join(blocks(page, "r")))
    done = subprocess.run([asked[0], "--vanilla", script], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    targets = [each for each in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if "://" not in each]
    missing = []
    for target in targets:
        file, _, section = target.partition("#")
        there = page.parent / file if file else page
        if not there.exists() or (section and section not in sections(there)):
            missing.append(target)
    assert not missing


def sections(page):
    """The names by which a link reaches the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def with_examples(path):
    """A module as a parameter, slow where its examples are long or cross-validate an estimator."""
    long = any(path.match(f"{each}.py") for each in LONG_EXAMPLES) or path.match("estimators/*_cv.py")
    return pytest.param(path, id=name(path), marks=[pytest.mark.slow] * (long and path.stem != "least_squares_cv"))


@pytest.mark.parametrize("path", map(with_examples, MODULES))
def test_docstrings(path):
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    assert doctest.testmod(module).failed == 0


def test_the_index_names_every_page_and_example():
    index = (ROOT / "docs" / "README.md").read_text()
    wanted = [
        path.name for folder, kind in (("docs", "md"), ("examples", "py")) for path in (ROOT / folder).glob(f"*.{kind}")
    ]
    assert [each for each in wanted if each not in index and each != "README.md"] == []


def test_the_guide_names_every_room():
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    package = ROOT / "fastreg"
    rooms = {path.relative_to(package).parts[0].removesuffix(".py") for path in package.rglob("*.py")}
    assert [each for each in sorted(rooms - {"__init__", "__main__"}) if f"`{each}`" not in guide] == []
