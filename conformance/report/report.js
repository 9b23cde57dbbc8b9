"use strict";
// The page says everything without this script; it adds filter, search, folding, copying and a theme.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const phrases = document.body.dataset;
  const said = (phrase, values) => phrase.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const items = all(".item").map((element) => ({
    element,
    marks: element.dataset.marks.split(" "),
    level: element.dataset.level,
    family: element.dataset.family,
    text: null,
  }));
  const [search, level, family, operation, clear] = ["search", "level", "family", "operation", "clear"].map(one);
  const chips = all(".chip");
  const groups = all(".group, .bunch");
  const opened = new Set();
  let wasActive = false;

  const textOf = (item) => (item.text ??= item.element.textContent.toLowerCase());
  const pressed = () => chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.verdict);

  function fits(item, words, letters) {
    if (level.value && item.level !== level.value) return false;
    if (family.value && item.family !== family.value) return false;
    if (letters.length || operation.value) {
      const right = (mark) =>
        (!letters.length || letters.includes(mark[0])) && (!operation.value || mark.slice(1) === operation.value);
      if (!item.marks.some(right)) return false;
    }
    return words.every((word) => textOf(item).includes(word));
  }

  function apply() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const letters = pressed();
    const active = Boolean(words.length || letters.length || level.value || family.value || operation.value);
    const shown = { finding: 0, sentence: 0 };
    const total = { finding: 0, sentence: 0 };
    for (const item of items) {
      const kind = item.element.classList.contains("finding") ? "finding" : "sentence";
      const keep = !active || fits(item, words, letters);
      item.element.hidden = !keep;
      total[kind] += 1;
      shown[kind] += keep;
    }
    for (const group of groups) {
      const kept = all(".item", group).some((element) => !element.hidden);
      group.hidden = !kept;
      if (active && !wasActive && group.open) opened.add(group);
      if (active) group.open = kept;
      else if (wasActive) group.open = opened.has(group);
    }
    if (!active) opened.clear();
    wasActive = active;
    clear.disabled = !active;
    for (const [section, kind] of [["findings", "finding"], ["sentences", "sentence"]]) {
      const note = one(section).querySelector(".nothing");
      note.hidden = !active || shown[kind] > 0 || total[kind] === 0;
    }
    one("shown").textContent = active
      ? said(phrases.shown, {
          findings: shown.finding, all_findings: total.finding, sentences: shown.sentence, all_sentences: total.sentence,
        })
      : "";
  }

  function reset() {
    one("filter").reset();
    chips.forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    apply();
  }

  function choose(operationNumber, column) {
    reset();
    operation.value = operationNumber ?? "";
    family.value = [...family.options].some((option) => option.value === column) ? column : "";
    apply();
    const target = items.some((item) => !item.element.hidden && item.element.classList.contains("finding")) ? "findings" : "sentences";
    one(target).scrollIntoView();
  }

  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, 80);
  });
  one("filter").addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  [level, family, operation].forEach((select) => select.addEventListener("change", apply));
  chips.forEach((chip) =>
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      apply();
    }),
  );
  clear.addEventListener("click", () => {
    reset();
    search.focus();
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      reset();
    }
  });

  function button(label, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.append(...label);
    made.addEventListener("click", action);
    return made;
  }

  const columns = all(".matrix thead th").map((cell) => cell.dataset.column);
  for (const body of all(".matrix tbody")) {
    const fold = body.querySelector(".fold");
    const name = fold.textContent;
    const toggle = button([...fold.childNodes], () => {
      const folded = body.classList.toggle("folded");
      toggle.setAttribute("aria-expanded", String(!folded));
    });
    fold.append(toggle);
    if (!body.classList.contains("troubled")) body.classList.add("folded");
    toggle.setAttribute("aria-expanded", String(!body.classList.contains("folded")));
    for (const row of all("tr[data-operation]", body)) {
      [...row.children].forEach((cell, place) => {
        if (place === 0 || !cell.title) return;
        const column = columns[place] === "own" ? name : columns[place];
        const made = button([...cell.childNodes], () => choose(row.dataset.operation, column));
        const operation = row.querySelector(".title").textContent;
        made.setAttribute("aria-label", said(phrases.show, { cell: cell.title, column, operation }));
        cell.append(made);
      });
    }
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }
  for (const made of all(".copy")) {
    made.hidden = false;
    made.addEventListener("click", async () => {
      await copy(made.parentElement.querySelector("pre").textContent);
      made.textContent = phrases.copied;
      setTimeout(() => (made.textContent = phrases.copy), 1500);
    });
  }

  const themes = ["auto", "light", "dark"];
  const theme = one("theme");
  function setTheme(name) {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    theme.textContent = phrases[`theme${name[0].toUpperCase()}${name.slice(1)}`];
  }
  theme.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "auto";
    setTheme(themes[(themes.indexOf(now) + 1) % themes.length]);
  });

  function reveal() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  }
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => all(".finding:not([hidden])").forEach((finding) => (finding.open = true)));

  theme.hidden = false;
  one("filter").hidden = search.hidden = false;
  reveal();
})();
