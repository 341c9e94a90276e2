// What a screen reader needs of a page, as far as a program can tell.
const faults = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const brief = (element) => element.outerHTML.slice(0, 120);
const expect = (holds, text) => {
  if (!holds) faults.push(text);
};
const named = (element) => {
  const ids = element.getAttribute("aria-labelledby")?.split(/\s+/) ?? [];
  const texts = ids.map((id) => document.getElementById(id)?.textContent ?? "");
  texts.push(element.getAttribute("aria-label") ?? "");
  return texts.join("").trim() !== "";
};

expect(/^[a-z]{2}/.test(document.documentElement.lang), "the page has no language");
expect(["ltr", "rtl"].includes(document.documentElement.dir), "the page has no direction");
expect(document.title.trim() !== "", "the page has no title");
expect(all("h1").length === 1, `${all("h1").length} first headings`);
expect(all("main").length === 1, `${all("main").length} main parts`);
expect(document.querySelector('meta[name=viewport]')?.content.includes("width=device-width"), "no viewport");
expect(!/user-scalable|maximum-scale/.test(document.querySelector('meta[name=viewport]')?.content), "no zoom");

let depth = 0;
for (const heading of all("main h1, main h2, main h3, main h4")) {
  const next = Number(heading.tagName[1]);
  expect(next <= depth + 1, `a heading skips a level: ${brief(heading)}`);
  depth = next;
}
const ids = all("[id]").map((element) => element.id);
for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) faults.push(`two of ${id}`);
for (const attribute of ["for", "aria-labelledby", "aria-describedby", "aria-controls"]) {
  for (const element of all(`[${attribute}]`)) {
    const wanted = element.getAttribute(attribute).split(/\s+/);
    expect(wanted.every((id) => ids.includes(id)), `${attribute} leads nowhere: ${brief(element)}`);
  }
}
for (const image of all("img")) expect(image.hasAttribute("alt"), `no alt: ${brief(image)}`);
for (const picture of all("svg")) {
  expect(picture.getAttribute("aria-hidden") === "true" || named(picture), `no name: ${brief(picture)}`);
}
for (const field of all("input:not([type=hidden]), select, textarea")) {
  const labels = [...field.labels].map((label) => label.textContent.trim()).join("");
  expect(labels !== "" || named(field), `no label: ${brief(field)}`);
}
for (const act of all("button, a[href], summary, legend, th, dt")) {
  expect(act.textContent.trim() !== "" || named(act), `no text: ${brief(act)}`);
}
for (const part of all("nav, dialog, table")) expect(named(part), `no name: ${brief(part)}`);
for (const set of all("fieldset")) {
  expect(set.querySelector(":scope > legend"), `no legend: ${brief(set)}`);
}
for (const element of all("[tabindex]")) {
  expect(element.tabIndex <= 0, `a place of its own in the order: ${brief(element)}`);
}
for (const list of all("ul, ol, dl")) {
  const allowed = list.tagName === "DL" ? "DT DD DIV" : "LI";
  const strange = [...list.children].filter((child) => !allowed.split(" ").includes(child.tagName));
  expect(strange.length === 0, `a list of something else: ${brief(list)}`);
}
for (const target of all("button, select, input:not([type=hidden]), summary, nav a, .button")) {
  const box = (target.closest("label") ?? target).getBoundingClientRect();
  const isSmall = target.checkVisibility() && (box.width < 24 || box.height < 24);
  expect(!isSmall, `hard to hit, ${box.width} by ${box.height}: ${brief(target)}`);
}
return faults;
