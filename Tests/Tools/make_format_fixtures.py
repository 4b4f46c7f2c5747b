"""Makes Tests/Fixtures/formats: two chapters of the shipped book as other tools write them.

Needs pandoc, libreoffice-writer-nogui, weasyprint, qpdf and imagemagick.
"""
import html
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "Tests/Fixtures/formats"
STYLE = """@page { size: A5; margin: 20mm 12mm; @bottom-center { content: counter(page); }
  @top-center { content: "Alice in Wonderland"; } }
body { text-align: justify; hyphens: auto; %s }"""
PICTURES = "<div style='page-break-before:always'><img src='%s'></div>"


def run(*command, cwd=None):
    subprocess.run([str(word) for word in command], check=True, cwd=cwd, stdout=subprocess.DEVNULL)


def page(text):
    lines = [
        f"<h1>{html.escape(p[3:])}</h1>" if p.startswith("## ") else f"<p>{html.escape(p)}</p>"
        for p in (p.strip("\n") for p in re.split(r"\n\s*\n", text)) if p.strip()
    ]
    head = "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Chapters</title></head>"
    return head + "<body>\n" + "\n".join(lines) + "\n</body></html>\n"


def pictures(scratch):
    body = "<p>This page is text.</p>"
    for number, words in enumerate(["ALICE MET A CAT", "THE CAT GRINNED"]):
        name = f"{number}.png"
        run("convert", "-font", "DejaVu-Sans", "-size", "600x120", "xc:white", "-pointsize", "40",
            "-annotate", "+20+70", words, scratch / name)
        body += PICTURES % name
    (scratch / "pictures.html").write_text(f"<html><body>{body}</body></html>")
    run("weasyprint", scratch / "pictures.html", FOLDER / "pictures.pdf")


def main():
    FOLDER.mkdir(exist_ok=True)
    text = (ROOT / "books/alice.txt").read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    begins = [match.start() for match in re.finditer(r"^## Chapter", text, re.M)]
    text = text[begins[0]:begins[2]]
    (FOLDER / "alice.txt").write_text(re.sub(r"^## ", "", text, flags=re.M))
    base = FOLDER / "alice.html"
    base.write_text(page(text))
    for kind, name in [
        ("epub2", "alice2.epub"), ("epub3", "alice3.epub"), ("docx", "alice.docx"),
        ("rtf", "alice.rtf"),
    ]:
        run("pandoc", "-s", "-f", "html", "-t", kind, base, "-o", FOLDER / name)
    run("soffice", "--headless", "--convert-to", "odt", "--outdir", FOLDER, FOLDER / "alice.docx")
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        for target, style in [
            ("alice.pdf", "font-size: 10pt"), ("alice-columns.pdf", "font-size: 9pt; column-count: 2"),
        ]:
            (scratch / "page.css").write_text(STYLE % style)
            run("weasyprint", "-s", scratch / "page.css", base, FOLDER / target)
        (scratch / "key.html").write_text("<html><body><p>Alice had a key.</p></body></html>")
        run("weasyprint", scratch / "key.html", scratch / "key.pdf")
        run("qpdf", "--encrypt", "mouse", "owner", "256", "--", scratch / "key.pdf",
            FOLDER / "locked.pdf")
        pictures(scratch)


if __name__ == "__main__":
    main()
