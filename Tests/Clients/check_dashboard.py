"""The dashboard as people use it: in Chromium, by keyboard, without scripts, in the dark, on a phone.

usage: check_dashboard.py BASE_URL SIGN_IN_LINK READ_KEY DOCUMENT FOLDER_FOR_SCREENSHOTS
Prints a line for each check; the first that fails ends it with a traceback.
"""

import os
import sys
import time
import urllib.error
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

base, link, read_key, document, folder = sys.argv[1:6]
HOSTILE = '<img src=x onerror="document.title=1">"\u0301 onmouseover=alert(1) x="'


def check(name, holds=True):
    if not holds:
        raise AssertionError(name)
    print("ok  " + name, flush=True)


def accessible(page, name):
    found = Axe().run(page).response["violations"]
    told = [f"{v['id']}: {v['nodes'][0]['html'][:100]}" for v in found]
    check(f"axe finds nothing on {name}" + (": " + "; ".join(told) if told else ""), not found)


def sign_in(page):
    page.goto(link)
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("heading", name="Overview", exact=True).wait_for()
    check("the link lets in")


def submit(page, path, question):
    page.goto(base + "/")
    page.get_by_label("Document", exact=True).set_input_files(path)
    page.get_by_label("Question", exact=True).fill(question)
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/jobs/*")
    return page.url


def wait_for(page, state, seconds=120):
    page.locator(f".state.{state}").first.wait_for(timeout=seconds * 1000)


def use(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    sign_in(page)
    cookie = context.cookies()[0]
    check("the cookie is for us alone", cookie["httpOnly"] and cookie["sameSite"] == "Strict")

    job = submit(page, document, "Who is the White Rabbit?")
    wait_for(page, "completed")
    check("a job is followed to its end without a reload by hand", page.locator(".answer").count() > 0)
    page.get_by_role("link", name="With its quotes, in the text").click()
    check("quotes are marked in the text", page.locator(".text mark").count() > 0)

    hostile = os.path.join(folder, HOSTILE.replace("/", "") + ".txt")
    with open(hostile, "w") as file:
        file.write("The colour of the door is " + HOSTILE + " green.\n" * 3)
    submit(page, hostile, HOSTILE)
    wait_for(page, "completed")
    check("markup of strangers is text", page.locator("main img").count() == 0 and page.title() != "1")
    check("and no attribute", page.locator("[onmouseover]").count() == 0)

    page.goto(base + "/jobs")
    page.get_by_label("State", exact=True).select_option("completed")
    page.get_by_role("button", name="Show").click()
    check("jobs are filtered", page.locator("tbody tr").count() >= 2)
    page.goto(base + "/keys")
    page.get_by_label("Name", exact=True).fill("made here")
    page.get_by_role("button", name="Make it").click()
    key = page.locator(".key").inner_text()
    check("a key is made", key.startswith("dp-"))
    page.goto(base + "/documents")
    check("documents are listed", page.get_by_text(os.path.basename(document)).count() > 0)
    page.goto(base + "/workers")
    check("workers are listed", page.locator(".state.alive").count() > 0)

    page.goto(base + "/")
    page.keyboard.press("Tab")
    check("the first key leads past the menu", page.evaluate("document.activeElement.className") == "skip")
    page.keyboard.press("Enter")
    check("to the content", page.evaluate("document.activeElement.id") == "main")
    check(f"no errors in the browser {errors[:1]}", not errors)
    return job, context


def looks(browser, job, state):
    pages = {"overview": "/", "jobs": "/jobs", "job": job[len(base):], "result": job[len(base):] + "/result",
             "documents": "/documents", "workers": "/workers", "keys": "/keys"}
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": 844}, color_scheme=scheme, storage_state=state)
            page = context.new_page()
            for name, path in pages.items():
                page.goto(base + path)
                wide = page.evaluate("document.documentElement.scrollWidth")
                check(f"{name} fits {width} ({wide})", wide <= width)
                accessible(page, f"{name}, {scheme}, {width}")
                page.screenshot(path=f"{folder}/{name}-{scheme}-{width}.png")
            context.close()
    page = browser.new_page()
    page.goto(base + "/login")
    accessible(page, "the sign-in page")


def live(browser, state):
    """A reading is followed while it goes on."""
    context = browser.new_context(storage_state=state)
    page = context.new_page()
    long = os.path.join(folder, "long.txt")
    with open(document) as book, open(long, "w") as file:
        file.write(f"A long text of {time.time()}.\n" + book.read() * 2)
    submit(page, long, "Who is the Duchess?")
    page.locator("progress").first.wait_for(timeout=120_000)
    first = page.locator(".status").inner_text()
    page.screenshot(path=f"{folder}/live.png")
    page.wait_for_function(
        "first => document.querySelector('.status').innerText !== first", arg=first, timeout=60_000)
    check("the progress changes by itself", page.locator(".status").inner_text() != first)
    page.get_by_role("button", name="Pause").click()
    wait_for(page, "paused")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Cancel").click()
    page.goto(page.url)
    wait_for(page, "cancelled", 60)
    check("a job is paused, resumed and cancelled")


def without_scripts(browser, state):
    context = browser.new_context(java_script_enabled=False, storage_state=state)
    page = context.new_page()
    url = submit(page, document, "Where did Alice fall?")
    for _ in range(120):
        page.goto(url)
        if page.locator(".state.completed").count():
            break
        time.sleep(1)
    check("all works without scripts", page.locator(".answer").count() > 0)


def read_only(browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto(base + "/jobs")
    check("who is not signed in is asked to", "/login" in page.url)
    page.get_by_label("API key", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("The key is not valid").wait_for()
    check("a wrong key is told so")
    page.get_by_label("API key", exact=True).fill(read_key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/jobs")
    page.goto(base + "/")
    check("a reader sees no form", page.get_by_role("button", name="Submit").count() == 0)
    check("and no keys", page.get_by_role("link", name="Keys").count() == 0)
    check("nor their page", page.goto(base + "/keys").status == 403)
    cookie = "; ".join(f"{c['name']}={c['value']}" for c in context.cookies())
    for origin in (None, "http://evil.example"):
        request = urllib.request.Request(base + "/jobs/1/cancel", b"csrf=guess", {"Cookie": cookie})
        if origin:
            request.add_header("Origin", origin)
        try:
            urllib.request.urlopen(request)
            raise AssertionError("a forged form was taken")
        except urllib.error.HTTPError as error:
            check(f"a forged form is refused ({origin})", error.code == 403)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    job, context = use(browser)
    state = context.storage_state()
    looks(browser, job, state)
    live(browser, state)
    without_scripts(browser, state)
    read_only(browser)
    page = browser.new_page()
    page.goto(link)
    page.get_by_role("button", name="Enter").click()
    page.get_by_text("The key is not valid").wait_for()
    check("the link lets in once only")
print("all well")
