"use strict";
// The form of a case: what stands in a field is tried while somebody types, and written when they leave it. Every value that
// comes back goes into the page as text, never as markup.
(() => {
  const form = document.getElementById("form");
  if (!form) return;
  const way = `/extract/${encodeURIComponent(form.dataset.name)}`;
  const state = document.getElementById("state");
  const counts = document.getElementById("counts");
  const undoButton = document.getElementById("undo");
  const content = document.getElementById("content");
  const take = document.getElementById("take");
  const fields = [...form.querySelectorAll("fieldset.field")];
  const saved = new Map(fields.map((field) => [field, sentOf(field)]));
  const kept = `casetable ${form.dataset.name} ${form.dataset.case}`;
  const history = JSON.parse(sessionStorage.getItem(kept) || "[]");
  let queue = Promise.resolve();
  let current = null; // the row that somebody was in last
  let found = [];

  // --- what a field holds ---

  function own(row, key) {
    return [...row.querySelectorAll(`[data-key="${key}"]`)].find((input) => input.closest("[data-row]") === row);
  }

  function rowsOf(place) {
    return place ? [...place.children].filter((each) => each.hasAttribute("data-row")) : [];
  }

  function isReason(cell) {
    return !["reported", "derived", "conflicting"].includes(cell.status);
  }

  function cellOf(row) {
    const cell = {};
    for (const input of row.querySelectorAll("[data-key]")) {
      if (input.closest("[data-row]") === row && input.value.trim()) cell[input.dataset.key] = input.value.trim();
    }
    if (isReason(cell) || cell.status === "conflicting") delete cell.value;
    if (cell.status !== "derived") delete cell.from;
    const alternatives = row.querySelector(":scope > .alternatives");
    if (cell.status === "conflicting" && alternatives) cell.alternatives = rowsOf(alternatives).map(cellOf);
    return cell;
  }

  function courseOf(row) {
    const course = {};
    for (const input of row.querySelectorAll("[data-key]")) {
      if (input.closest("[data-row]") === row && input.value.trim()) course[input.dataset.key] = input.value.trim();
    }
    for (const part of row.querySelectorAll("[data-part]")) course[part.dataset.part] = cellOf(part.querySelector("[data-row]"));
    return course;
  }

  function contentOf(field) {
    const place = field.querySelector(".rows");
    if (!place) return null;
    const rows = rowsOf(place);
    const kind = field.dataset.kind;
    if (kind === "fact") {
      const text = own(rows[0], "value").value.trim();
      return { cells: text ? [{ status: "reported", value: text }] : [] };
    }
    if (kind === "questions") return { questions: rows.map((row) => ({ question: own(row, "question").value, answer: own(row, "answer").value })) };
    if (rows.some((row) => row.classList.contains("course"))) return { courses: rows.map(courseOf) };
    const cells = rows.map(cellOf);
    if (kind === "cell") return { cells };
    const isAlone = cells.length === 1 && !cells[0].when && (kind === "courses" || isReason(cells[0]) || Object.keys(cells[0]).length < 2);
    return isAlone ? { cells, alone: true } : { cells };
  }

  function sentOf(field) {
    return JSON.stringify(contentOf(field));
  }

  function isChanged(field) {
    return saved.get(field) !== sentOf(field);
  }

  // --- asking ---

  async function ask(path, data) {
    const answer = await fetch(way + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(data),
    });
    let told = {};
    try {
      told = await answer.json();
    } catch {
      told = { error: answer.status === 403 ? "casetable was started anew: open the address that it printed in another tab, then press Ctrl S here; what you changed is still on this page" : "the answer cannot be read" };
    }
    return { status: answer.status, told };
  }

  function say(text, kind = "") {
    if (state.textContent === text) return;
    state.setAttribute("aria-live", kind ? "polite" : "off"); // what is under way is shown, and only its end is told
    state.className = `state ${kind}`;
    state.textContent = text;
  }

  function save(field, sent = sentOf(field), base = null) {
    if (sent === "null") return queue;
    queue = queue.then(async () => {
      if (base === null && saved.get(field) === sent) return;
      say("Saving…");
      field.classList.add("saving");
      try {
        const before = saved.get(field);
        const { status, told } = await ask("/save", {
          case: field.dataset.case,
          field: field.dataset.field,
          base: base ?? field.dataset.base,
          sent: JSON.parse(sent),
        });
        if (status === 409) {
          differ(field, told);
          say(`${labelOf(field)}: ${told.error}`, "fault");
        } else if (told.error) {
          refuse(field, told.error);
          say(status === 403 ? told.error : `${labelOf(field)} is not saved`, "fault");
        } else {
          field.dataset.base = told.base;
          saved.set(field, sent);
          if (told.wrote && before !== sent) remember({ id: field.id, before, after: sent });
          field.querySelector("[data-differs]").hidden = true;
          tell(told);
          say("All is saved.", "done");
        }
      } catch {
        say("casetable does not answer; what you changed is still on this page. It is saved when you change it again, or with Ctrl S.", "fault");
      }
      field.classList.remove("saving");
    });
    return queue;
  }

  let timer = 0;
  function attempt(field) {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const sent = contentOf(field);
      if (!sent) return;
      try {
        const { told } = await ask("/try", { case: field.dataset.case, field: field.dataset.field, sent });
        if (told.error) refuse(field, told.error);
        else tell(told);
      } catch {
        // the next try tells
      }
    }, 350);
  }

  // --- what was found ---

  function labelOf(field) {
    return field.querySelector("legend").firstChild.textContent.trim();
  }

  function refuse(field, text) {
    const list = field.querySelector("[data-problems]");
    list.replaceChildren(item(text, "error"));
  }

  function item(text, severity) {
    const line = document.createElement("li");
    line.className = severity;
    line.textContent = text;
    return line;
  }

  function tell(told) {
    found = told.problems;
    for (const field of fields) {
      const own = found.filter((each) => isOf(each, field));
      const list = field.querySelector("[data-problems]");
      const lines = own.map((each) => {
        const line = item(each.message.replace(`case ${field.dataset.case}: `, ""), each.severity);
        const code = document.createElement("a");
        code.href = `/rules?code=${encodeURIComponent(each.code)}`;
        code.textContent = each.code;
        code.target = "_blank";
        code.rel = "noopener";
        line.prepend(code, " ");
        return line;
      });
      list.replaceChildren(...lines);
      field.classList.toggle("wrong", own.some((each) => each.severity === "error"));
    }
    const errors = found.filter((each) => each.severity === "error").length;
    const words = errors === 1 ? "1 problem" : `${errors} problems`;
    const remarks = found.length - errors;
    const sum = `${words} and ${remarks === 1 ? "1 remark" : `${remarks} remarks`} in this extraction.`;
    if (counts.textContent !== sum) counts.textContent = sum;
    for (const row of form.querySelectorAll("[data-seen]")) row.replaceChildren();
    for (const each of alike(told.cells)) see(each);
  }

  function isOf(problem, field) {
    const name = problem.field.replace(/[[(.].*$/, "");
    const isReports = field.dataset.case === "";
    if (name !== field.dataset.field) return false;
    return isReports ? problem.case === "" || !form.dataset.case : problem.case === field.dataset.case;
  }

  const MARKS = { verified: "✓", elsewhere: "✓", near: "≈", absent: "✗", unverifiable: "–" };

  // Of a course, the parts of which the same is said are told in one line.
  function alike(cells) {
    const lines = new Map();
    for (const each of cells) {
      const [, course, part] = /^([^.]*)(?:\.(\w+))?$/.exec(each.cell) ?? [];
      const key = part ? [each.case, course, each.outcome, each.message, each.start, each.end].join("\n") : `${each.case}\n${each.cell}`;
      const line = lines.get(key);
      if (line) line.parts.push(part);
      else lines.set(key, { ...each, parts: part ? [part] : [] });
    }
    return lines.values();
  }

  function see(each) {
    if (each.case !== form.dataset.case) return;
    const parts = /^([^[(.]+)(?:\[(\d+)\])?(?:\.(\w+))?(?:\((\d+)\))?$/.exec(each.cell);
    const field = parts && fields.find((one) => one.dataset.field === parts[1] && one.dataset.case === each.case);
    if (!field) return;
    let row = rowsOf(field.querySelector(".rows"))[Number(parts[2] ?? 1) - 1];
    if (row && parts[4]) row = rowsOf(row.querySelector(".alternatives"))[Number(parts[4]) - 1];
    if (!row) return;
    const place = row.querySelector(":scope > [data-seen]");
    const line = document.createElement("span");
    line.className = `outcome ${each.outcome}`;
    const what = each.parts.length ? `${each.parts.join(", ")}: ` : "";
    line.append(`${MARKS[each.outcome]} ${what}${each.message} `);
    if (each.end > each.start && content.dataset.text === each.text) {
      const show = document.createElement("button");
      show.type = "button";
      show.textContent = "Show";
      show.setAttribute("aria-label", `Show in the text: ${labelOf(field)}`);
      show.addEventListener("click", () => point(each.start, each.end));
      line.append(show);
    }
    place.append(line);
  }

  // --- the text of the report ---

  function point(start, end) {
    const paragraphs = [...content.querySelectorAll("[data-at]")];
    const at = paragraphs.findLast((each) => Number(each.dataset.at) <= start);
    if (!at) return;
    const offset = start - Number(at.dataset.at);
    const range = document.createRange();
    const text = at.firstChild;
    range.setStart(text, Math.min(offset, text.length));
    range.setEnd(text, Math.min(offset + end - start, text.length));
    if (window.CSS && CSS.highlights) CSS.highlights.set("shown", new Highlight(range));
    for (const each of content.querySelectorAll(".shown")) each.classList.remove("shown");
    at.classList.add("shown");
    at.scrollIntoView({ block: "center" });
  }

  function selected() {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !selection.rangeCount || !content) return null;
    const range = selection.getRangeAt(0);
    if (!content.contains(range.commonAncestorContainer)) return null;
    const text = selection.toString().replace(/\s+/g, " ").trim();
    const start = range.startContainer instanceof Element ? range.startContainer : range.startContainer.parentElement;
    const section = start && start.closest("[data-where]");
    return text ? { text, where: section ? section.dataset.where : "", range } : null;
  }

  function offer() {
    const chosen = selected();
    take.hidden = !chosen;
    if (!chosen) return;
    take.querySelector("b").textContent = current ? labelOf(current.closest("fieldset")) : "a cell: choose it first";
    take.querySelector("button").disabled = !current;
    const box = chosen.range.getBoundingClientRect();
    const pane = take.parentElement.getBoundingClientRect();
    take.style.setProperty("top", `${Math.min(Math.max(box.bottom - pane.top + 6, 40), pane.height - 48)}px`);
  }

  function quote() {
    const chosen = selected();
    if (!chosen || !current || !current.isConnected) return;
    const field = current.closest("fieldset");
    const reported = own(current, "reported");
    if (!reported) return;
    reported.value = chosen.text;
    own(current, "where").value = chosen.where;
    const value = own(current, "value");
    if (value && !value.value.trim()) {
      const numbers = chosen.text.replace(/(\d),(?=\d{3}(?!\d))/g, "$1").match(/\d+(?:\.\d+)?/g) || [];
      if (field.dataset.type === "number" && numbers.length === 1) value.value = numbers[0];
      if (field.dataset.type === "text") value.value = chosen.text;
    }
    document.getSelection().removeAllRanges();
    take.hidden = true;
    attempt(field);
    save(field);
    reported.focus();
  }

  document.addEventListener("selectionchange", offer);
  take.addEventListener("mousedown", (event) => event.preventDefault());
  take.querySelector("button").addEventListener("click", quote);

  // --- a field that says something else by now ---

  function differ(field, told) {
    const place = field.querySelector("[data-differs]");
    const sides = [
      ["The file says now", told.there],
      ["You have", told.mine],
    ].map(([title, lines]) => {
      const side = document.createElement("div");
      const head = document.createElement("h3");
      head.textContent = title;
      const text = document.createElement("pre");
      text.textContent = lines.join("\n");
      side.append(head, text);
      return side;
    });
    const theirs = document.createElement("button");
    theirs.type = "button";
    theirs.textContent = "Take the file's";
    theirs.addEventListener("click", () => {
      saved.set(field, sentOf(field));
      location.hash = `#${field.id}`;
      location.reload();
    });
    const mine = document.createElement("button");
    mine.type = "button";
    mine.textContent = "Write mine in its place";
    mine.addEventListener("click", () => save(field, sentOf(field), told.base));
    const title = document.createElement("p");
    title.textContent = "This field was edited meanwhile. Nothing was written, and nothing of yours is lost.";
    place.replaceChildren(title, ...sides, theirs, mine);
    place.hidden = false;
    place.setAttribute("role", "alert");
  }

  // --- rows ---

  function grow(box) {
    box.style.setProperty("height", "auto");
    box.style.setProperty("height", `${box.scrollHeight + 2}px`);
  }

  function add(field) {
    const place = field.querySelector(".rows");
    const rows = rowsOf(place);
    const isBlank = (row) => !Object.values(row.classList.contains("course") ? courseOf(row) : { ...cellOf(row), status: "" }).some(Boolean);
    const isForAll = rows.length === 1 && rows[0].classList.contains("cell") && !cellOf(rows[0]).when && isReason(cellOf(rows[0]));
    if (isForAll) rows[0].remove(); // what is added is no longer "not reported"
    else if (rows.length && field.dataset.kind !== "questions" && isBlank(rows.at(-1))) rows.at(-1).remove();
    place.append(field.querySelector("template").content.cloneNode(true));
    const row = rowsOf(place).at(-1);
    ready(row);
    row.querySelector("textarea, input, select:not([data-key=status])").focus();
  }

  function remove(field, row) {
    const place = field.querySelector(".rows");
    const parent = row.parentElement;
    const behind = row.nextElementSibling;
    const next = behind || row.previousElementSibling;
    const isLast = row.parentElement === place && rowsOf(place).length === 1;
    if (isLast && field.dataset.kind === "cell") {
      for (const input of row.querySelectorAll("input, textarea")) input.value = "";
      for (const choice of row.querySelectorAll("select")) choice.value = choice.dataset.key === "status" ? "reported" : "";
      row.dataset.status = "reported";
    } else {
      if (current === row) current = null;
      row.remove();
    }
    const target = next && next.matches("[data-row]") ? next.querySelector("select, input, textarea") : field.querySelector("[data-do=add]");
    if (target) target.focus();
    attempt(field);
    save(field).then(() => {
      const isRefused = isChanged(field) && !row.isConnected && field.querySelector("[data-differs]").hidden;
      if (isRefused) parent.insertBefore(row, behind && behind.isConnected ? behind : null);
    });
  }

  function ready(place) {
    for (const box of place.querySelectorAll("textarea")) grow(box);
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    const field = button.closest("fieldset");
    if (button.dataset.do === "add") add(field);
    if (button.dataset.do === "remove") remove(field, button.closest("[data-row]"));
    if (button.dataset.do === "alternative") alternative(button.closest(".row"));
  });

  function alternative(row) {
    const place = row.querySelector(":scope > .alternatives");
    const copy = row.cloneNode(true);
    for (const each of copy.querySelectorAll(".alternatives")) each.remove();
    for (const input of copy.querySelectorAll("input, textarea")) input.value = "";
    for (const choice of copy.querySelectorAll("select")) choice.value = choice.dataset.key === "status" ? "reported" : "";
    copy.querySelector('option[value="conflicting"]')?.remove();
    copy.classList.add("alternative");
    copy.dataset.status = "reported";
    copy.querySelector("[data-seen]").replaceChildren();
    place.insertBefore(copy, place.querySelector(":scope > button"));
    copy.querySelector("textarea, input, select:not([data-key=status])").focus();
  }

  function enter(event) {
    const row = event.target.closest("[data-row]");
    if (row) current = row.closest(".part") ? row.closest(".course") : row;
    for (const each of form.querySelectorAll(".row.current")) each.classList.remove("current");
    if (current) current.classList.add("current");
  }

  form.addEventListener("focusin", enter);

  form.addEventListener("input", (event) => {
    enter(event);
    const field = event.target.closest("fieldset.field");
    if (event.target.matches("textarea")) grow(event.target);
    if (!field) return;
    if (event.target.dataset.key === "status") {
      const row = event.target.closest("[data-row]");
      row.dataset.status = event.target.value;
      const place = row.querySelector(":scope > .alternatives");
      if (event.target.value === "conflicting" && place && rowsOf(place).length === 0) {
        alternative(row);
        alternative(row);
      }
    }
    say(isChanged(field) ? "Not saved yet." : "All is saved.");
    attempt(field);
  });

  form.addEventListener("focusout", (event) => {
    const field = event.target.closest("fieldset.field");
    if (field && !field.contains(event.relatedTarget) && isChanged(field)) save(field);
  });

  form.addEventListener("change", (event) => {
    const field = event.target.closest("fieldset.field");
    if (field && event.target.matches("select") && event.target.value !== "conflicting" && isChanged(field)) save(field);
  });

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      for (const field of fields) if (isChanged(field)) save(field);
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && selected()) {
      event.preventDefault();
      quote();
    }
  });

  window.addEventListener("beforeunload", (event) => {
    if (fields.some(isChanged)) event.preventDefault();
  });

  function remember(change) {
    if (change) history.push(change);
    sessionStorage.setItem(kept, JSON.stringify(history.slice(-50)));
    undoButton.disabled = !history.length;
  }

  undoButton.addEventListener("click", async () => {
    const last = history.pop();
    remember();
    const field = last && document.getElementById(last.id);
    if (!field) return;
    if (saved.get(field) !== last.after) {
      say(`${labelOf(field)} says something else since; it stays as it is.`, "fault");
      return;
    }
    await save(field, last.before);
    if (saved.get(field) !== last.before) return;
    history.pop(); // the undoing itself
    remember();
    saved.set(field, sentOf(field));
    location.hash = `#${field.id}`;
    location.reload();
  });

  let shown = -1; // the field whose problem was shown last
  document.getElementById("next-problem").addEventListener("click", () => {
    const wrong = fields.filter((each) => each.querySelector("[data-problems] li"));
    if (!wrong.length) {
      const cases = [...new Set(found.map((each) => each.case))].filter((each) => each && each !== form.dataset.case);
      if (cases.length) say(`The problems are of case ${cases.join(", ")}.`);
      else say(found.length ? `${found[0].field}: ${found[0].message}` : "There is no problem in this extraction.");
      return;
    }
    const own = document.activeElement?.closest("fieldset.field");
    const at = own && wrong.includes(own) ? wrong.indexOf(own) : wrong.findIndex((each) => fields.indexOf(each) === shown);
    const next = wrong[(at + 1) % wrong.length];
    shown = fields.indexOf(next);
    const above = next.closest("details");
    if (above) above.open = true;
    next.scrollIntoView({ block: "center" });
    next.querySelector("input, select, textarea, button:not(.remove)")?.focus({ preventScroll: true });
  });

  const file = document.getElementById("file");
  file.addEventListener("change", async () => {
    const kept = document.getElementById("kept");
    if (!file.files.length) return;
    kept.textContent = "Reading…";
    let told = { error: "casetable does not answer; it may have been stopped" };
    try {
      const answer = await fetch(`${way}/texts?name=${encodeURIComponent(file.files[0].name)}`, { method: "POST", body: file.files[0] });
      told = { error: answer.status === 413 ? "the file is too large; nothing was kept" : "the answer cannot be read" };
      told = await answer.json();
    } catch {
      // what is told above
    }
    if (told.error) kept.textContent = told.error;
    else location.reload();
  });

  // What the rules and `verify` say of the extraction as it is.
  ready(form);
  remember();
  ask("/try", {}).then(({ told }) => {
    if (told.error) say(told.error, "fault");
    else tell(told);
  }, () => {});
  if (location.hash.startsWith("#f-")) {
    const field = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    field?.closest("details")?.setAttribute("open", "");
    field?.scrollIntoView({ block: "center" });
  }
})();
