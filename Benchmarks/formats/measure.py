"""What is lost of a book when other tools turn it into other formats, and docproc reads these.

    measure.py BOOK.txt FOLDER

Prints for each file the share of equal words in order, against the text; of 200 random sentences
how many lie in the chapter and on the page that their place names; and the seconds.
"""
import difflib
import html
import os
import random
import re
import subprocess
import sys
import time

from extract import extract

PAGE = """@page { size: A5; margin: 20mm 12mm; @bottom-center { content: counter(page); }
  @top-center { content: "A book"; } }
body { text-align: justify; hyphens: auto; %s }"""
SENTENCES = 200


def quiet(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def one_line(text):
    return " ".join(text.split())


class Book:
    """A text whose chapters begin with `## `."""

    def __init__(self, path):
        text = open(path, encoding="utf-8-sig").read().replace("\r\n", "\n")
        self.paragraphs = [p.strip("\n") for p in re.split(r"\n\s*\n", text) if p.strip()]
        self.words = re.sub(r"^## ", "", text, flags=re.M).split()
        self.chapters, name = {}, None
        for paragraph in self.paragraphs:
            if paragraph.startswith("## "):
                name = one_line(paragraph[3:])
                self.chapters[name] = name
            elif name:
                self.chapters[name] += " " + one_line(paragraph)

    def page(self):
        lines = [
            f"<h1>{html.escape(p[3:])}</h1>" if p.startswith("## ") else f"<p>{html.escape(p)}</p>"
            for p in self.paragraphs
        ]
        head = "<!doctype html><html lang=en><head><meta charset=utf-8><title>Book</title></head>"
        return head + "<body>" + "\n".join(lines) + "</body></html>"

    def turn(self, folder):
        """The book in every format, by public tools."""
        base = folder + "/book.html"
        open(base, "w").write(self.page())
        for kind, name in [
            ("epub2", "book2.epub"), ("epub3", "book3.epub"), ("docx", "book.docx"),
            ("odt", "pandoc.odt"), ("rtf", "book.rtf"),
        ]:
            quiet("pandoc", "-s", "-f", "html", "-t", kind, base, "-o", f"{folder}/{name}")
        for kind in ["odt", "pdf"]:
            quiet("soffice", "--headless", "--convert-to", kind, "--outdir", folder,
                  folder + "/book.docx")
        os.rename(folder + "/book.pdf", folder + "/office.pdf")
        quiet("soffice", "--headless", "--convert-to", "rtf:Rich Text Format", "--outdir", folder,
              folder + "/book.odt")
        os.rename(folder + "/book.rtf", folder + "/office.rtf")
        quiet("pandoc", "-s", "-f", "html", "-t", "rtf", base, "-o", folder + "/book.rtf")
        for name, style in [
            ("one.pdf", "font-size: 10pt"), ("two.pdf", "font-size: 9pt; column-count: 2"),
        ]:
            open(folder + "/page.css", "w").write(PAGE % style)
            quiet("weasyprint", "-s", folder + "/page.css", base, f"{folder}/{name}")
        quiet("wkhtmltopdf", "-q", base, folder + "/webkit.pdf")


def label(places, kind, offset):
    found = [p["label"] for p in places if p["kind"] == kind and p["start"] <= offset]
    return found[-1] if found else None


def letters(text):
    return re.sub(r"\W", "", text.lower())


def pages(path):
    shown = subprocess.run(["pdfinfo", path], capture_output=True, text=True).stdout
    count = int(re.search(r"Pages:\s+(\d+)", shown).group(1))
    return [
        letters(subprocess.run(
            ["pdftotext", "-raw", "-f", str(n), "-l", str(n), path, "-"],
            capture_output=True, text=True).stdout)
        for n in range(1, count + 1)
    ]


def right_places(book, path, text, places):
    """Of random sentences those in the chapter, and on the page, that their place names."""
    found = [(m.start(), m.group()) for m in re.finditer(r"[A-Z][^.?!\n]{30,160}[.?!]", text)]
    chosen = random.Random(7).sample(found, min(SENTENCES, len(found)))
    chapters = {letters(name): letters(body) for name, body in book.chapters.items()}
    by_chapter = sum(
        letters(sentence) in chapters.get(letters(label(places, "section", at) or ""), "")
        for at, sentence in chosen)
    if not path.endswith(".pdf"):
        return f"{by_chapter} of {len(chosen)}", ""
    shown = pages(path)
    by_page = 0
    for at, sentence in chosen:
        number = label(places, "page", at)
        if number and number.isdigit():
            # A sentence may end on the next page.
            two = "".join(shown[int(number) - 1:int(number) + 1])
            by_page += letters(sentence)[:18] in two
    return f"{by_chapter} of {len(chosen)}", f"{by_page} of {len(chosen)}"


def main():
    book, folder = Book(sys.argv[1]), sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    book.turn(folder)
    print("| file | equal words | in their chapter | on their page | seconds |")
    print("|---|---|---|---|---|")
    kinds = (".html", ".epub", ".docx", ".odt", ".rtf", ".pdf")
    names = sorted(name for name in os.listdir(folder) if name.endswith(kinds))
    for name in names:
        path, begun = f"{folder}/{name}", time.monotonic()
        texts, notes, failure = extract(path)
        seconds = time.monotonic() - begun
        if failure or not texts:
            print(f"| {name} | {failure} | | | |")
            continue
        _, text, places = texts[0]
        found = text.split()
        matcher = difflib.SequenceMatcher(None, book.words, found, autojunk=False)
        equal = sum(block.size for block in matcher.get_matching_blocks())
        share = 2 * equal / (len(book.words) + len(found))
        chapters, on_page = right_places(book, path, text, places)
        print(f"| {name} | {share:.4f} | {chapters} | {on_page} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
