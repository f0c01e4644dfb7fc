"use strict";
const sides = [...document.querySelectorAll(".side")];

function show(language) {
  for (const side of sides) side.hidden = side.lang !== language;
  const shown = sides.find((side) => !side.hidden);
  document.documentElement.lang = language;
  document.title = shown.dataset.title;
  shown.querySelector(".switch").focus({ preventScroll: true });
}
for (const button of document.querySelectorAll(".switch")) {
  button.addEventListener("click", () => show(button.dataset.to));
}

function sortBy(button) {
  const heading = button.closest("th");
  const body = heading.closest("table").tBodies[0];
  const key = button.dataset.sort;
  const isText = key === "name";
  const wasAscending = heading.getAttribute("aria-sort") === "ascending";
  const wasDescending = heading.getAttribute("aria-sort") === "descending";
  const ascending = isText ? !wasAscending : wasDescending;
  const valueOf = (row) => row.querySelector(`[data-${key}]`).dataset[key];
  const rows = [...body.rows].sort((one, other) => {
    const [a, b] = [valueOf(one), valueOf(other)];
    if (isText) return (ascending ? 1 : -1) * a.localeCompare(b, "sv");
    if (a === "" || b === "") return (a === "") - (b === "");
    return (ascending ? 1 : -1) * (Number(a) - Number(b));
  });
  for (const other of heading.parentElement.cells) {
    if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  }
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  body.append(...rows);
}
for (const button of document.querySelectorAll("[data-sort]")) {
  button.addEventListener("click", () => sortBy(button));
}

const hint = document.getElementById("hint");
document.addEventListener("pointermove", (event) => {
  const mark = event.target.closest(".chart [aria-label]");
  hint.hidden = !mark || mark.getAttribute("role") === "graphics-document";
  if (hint.hidden) return;
  hint.textContent = mark.getAttribute("aria-label");
  const room = document.documentElement.clientWidth - hint.offsetWidth - 12;
  hint.style.left = `${Math.max(8, Math.min(event.clientX + 14, room))}px`;
  hint.style.top = `${Math.max(8, event.clientY - hint.offsetHeight - 14)}px`;
});

addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll(".side:not([hidden]) details")) part.open = true;
});
