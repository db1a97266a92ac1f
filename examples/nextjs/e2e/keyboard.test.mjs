/* Everything without a mouse. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  add,
  checkbox,
  closeBrowser,
  eventually,
  focused,
  listed,
  newEmail,
  newUser,
  openBrowser,
  PASSWORD,
  row,
  visitor,
  WEB_URL,
} from "./browser.mjs";
import { looksRight } from "./checks.mjs";

before(openBrowser);
after(closeBrowser);

const presser = (page) => async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

test("everything can be reached with Tab", async (t) => {
  const page = await visitor(t, { reducedMotion: "reduce" });
  const press = presser(page);
  const tabTo = async (locator) => {
    for (let i = 0; i < 30; i++) {
      await press("Tab");
      if (await locator.evaluate((it) => it === document.activeElement)) return;
    }
    assert.fail(`Tab does not reach ${locator}`);
  };
  await page.goto(`${WEB_URL}/sign-in`);
  await tabTo(page.getByRole("link", { name: "Create an account" }));
  await press("Enter");
  await page.getByRole("heading", { name: "Create an account" }).waitFor();
  await tabTo(page.getByLabel("Name"));
  await page.keyboard.type("Keyboard Person");
  await tabTo(page.getByLabel("E-mail"));
  await page.keyboard.type(newEmail());
  await tabTo(page.getByLabel("Password"));
  await page.keyboard.type(PASSWORD);
  await press("Enter");
  await page.getByText("Nothing to do yet").waitFor();

  await focused(page, page.getByLabel("New task"));
  for (const title of ["Alpha", "Beta", "Gamma"]) {
    await page.keyboard.type(title);
    await press("Enter");
    await row(page, title).waitFor();
    await focused(page, page.getByLabel("New task"));
  }
  await tabTo(page.getByRole("button", { name: "Add a description" }));
  await press("Enter");
  await focused(page, page.getByLabel("Description"));

  await tabTo(checkbox(page, "Alpha"));
  await press("Space");
  await page.getByText("Completed Alpha").waitFor();
  await focused(page, checkbox(page, "Beta"));
  await tabTo(page.getByRole("button", { name: "Edit Beta" }));
  await looksRight(page, "keyboard-focus");
  await press("Enter");
  await focused(page, page.getByLabel("Title"));
  await press("End");
  await page.keyboard.type(" two");
  await press("Enter");
  await row(page, "Beta two").waitFor();
  await focused(page, checkbox(page, "Beta two"));
  await tabTo(page.getByRole("button", { name: "Delete Beta two" }));
  await press("Enter");
  await listed(page, ["Gamma"]);
  await focused(page, checkbox(page, "Gamma"));
  await tabTo(page.getByRole("button", { name: "1 completed" }));
  await press("Enter");
  await listed(page, ["Gamma", "Alpha"]);
  await tabTo(page.getByRole("button", { name: "Undo" }));
  await press("Enter");
  await listed(page, ["Beta two", "Gamma", "Alpha"]);
});

test("each key of the help does what the help says", async (t) => {
  const { page } = await newUser(t);
  const press = presser(page);
  for (const title of ["Alpha", "Beta", "Gamma"]) await add(page, title);
  const field = page.getByLabel("New task");

  // In a field, keys are letters.
  await page.keyboard.type("next?/");
  assert.equal(await field.inputValue(), "next?/");
  await field.fill("");
  await press("Escape", "?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await looksRight(page, "help");
  await press("x", "Escape");
  await eventually(async () => assert.equal(await page.getByRole("dialog").count(), 0));

  await press("n");
  await focused(page, field);
  await press("ArrowDown");
  await focused(page, checkbox(page, "Alpha"));
  await press("ArrowDown", "ArrowDown", "ArrowDown");
  await focused(page, checkbox(page, "Gamma"));
  await press("ArrowUp");
  await focused(page, checkbox(page, "Beta"));

  await press("e");
  await focused(page, page.getByLabel("Title"));
  await page.keyboard.type("n x e");
  await page.getByLabel("Title").dispatchEvent("keydown", { key: "Escape", isComposing: true });
  assert.equal(await page.getByLabel("Title").inputValue(), "Betan x e");
  await press("Escape");
  await focused(page, checkbox(page, "Beta"));
  await listed(page, ["Alpha", "Beta", "Gamma"]);

  await press("x");
  await page.getByText("Completed Beta").waitFor();
  await listed(page, ["Alpha", "Gamma"]);
  await focused(page, checkbox(page, "Gamma"));
  await press("z");
  await listed(page, ["Alpha", "Beta", "Gamma"]);
  await focused(page, checkbox(page, "Beta"));
  await page.getByText("Reopened Beta").waitFor();

  await press("ArrowDown");
  await page.keyboard.down("Delete");
  await page.getByText("Deleted Gamma").waitFor();
  await listed(page, ["Alpha", "Beta"]);
  await focused(page, checkbox(page, "Beta"));
  await page.keyboard.down("Delete"); // held down: repeated by the keyboard
  await page.keyboard.up("Delete");
  await press("z");
  await listed(page, ["Alpha", "Beta", "Gamma"]);
  await focused(page, checkbox(page, "Gamma"));

  await press("/");
  await focused(page, page.getByRole("radio", { name: "All" }));
  await press("ArrowRight");
  await eventually(async () => assert.match(page.url(), /status=pending/));
  await press("ArrowRight");
  await page.getByText("Nothing completed yet").waitFor();
  await press("n");
  await focused(page, field);
});
