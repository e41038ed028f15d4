// The report page's script. Texts reach the page by textContent alone; nothing is loaded, kept or sent.
"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const read = (id) => {
    let value;
    return () => (value ??= JSON.parse(document.getElementById(id).textContent));
  };
  const layout = read("layout");
  const data = read("data");
  const STEERING = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;
  const LINK = /^https:\/\/(doi\.org|pubmed\.ncbi\.nlm\.nih\.gov)\/[!-~]+$/;
  const dialog = document.querySelector("dialog");

  // What could steer a reader is shown as its escape.
  const visible = (text) =>
    String(text).replace(STEERING, (found) => "\\u" + found.charCodeAt(0).toString(16).padStart(4, "0"));

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    for (const child of children) {
      if (child !== "" && child !== null) element.append(typeof child === "string" ? visible(child) : child);
    }
    return element;
  };
  const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  // --- cells -----------------------------------------------------------------------------------------------------

  // A cell as the data hold it, with its texts.
  const cellOf = (told) => {
    const text = (at) => data().strings[told[at] ?? 0];
    const { statuses, checks } = data();
    const [status, meaning] = statuses[told[0]];
    const check = told[9] ?? 0;
    return {
      status, meaning, value: text(1), unit: text(2), reported: text(3), where: text(4), note: text(5), source: text(6),
      when: text(7), reference: text(8), isUnchecked: check === 1, check: check > 1 ? checks[check - 2] : null,
      alternatives: (told[10] ?? []).map(cellOf),
    };
  };

  // The courses of an entry: each with its note and its parts, [name, cell].
  const coursesOf = (entry) => entry.slice(1).map((course) => {
    const parts = [];
    for (let at = 1; at < course.length; at += 2) parts.push([data().strings[course[at]], cellOf(course[at + 1])]);
    return { note: data().strings[course[0]], parts };
  });

  const css = (status) => status.replace(/ /g, "-");
  const isPlain = (cell) => cell.status === "reported";
  const bare = (cell) => [cell.value || cell.status, cell.value ? cell.unit : ""].filter(Boolean).join(" ");

  // What stands behind one cell: its value, how it is known, the quote, the place, and what became of verifying it.
  const behind = (cell, { label = "", isTaken = false, inherited = null } = {}) => {
    const box = make("div", { class: isTaken ? "behind taken" : "behind" });
    const isConflict = cell.alternatives.length > 0;
    const shown = isConflict ? [...new Set(cell.alternatives.map(bare))].join(" / ") : bare(cell);
    const value = make("p", { class: "value" }, label ? `${label}: ` : "", make("b", isPlain(cell) ? {} : { class: css(cell.status) }, shown));
    if (cell.when) value.append(` (${visible(cell.when)})`);
    if (!isPlain(cell) && (cell.value || isConflict)) value.append(" ", make("span", { class: "tag" }, cell.status));
    if (isTaken) value.append(" ", make("span", { class: "tag" }, "in the table"));
    box.append(value);
    const line = (text, name = "note") => text && box.append(make("p", { class: name }, text));
    if (!isPlain(cell)) line(`${cell.status}: ${cell.meaning}`);
    if (cell.reported) box.append(make("blockquote", {}, `“${cell.reported}”`));
    const where = cell.where || inherited?.where || "";
    const check = cell.check ? `found in the report's text (${cell.check[0]}): ${cell.check[1]}, ${cell.check[2]}` : cell.isUnchecked ? "not verified against the report's text" : "";
    line([where && `Place: ${where}`, check].filter(Boolean).join(" · "), "note where");
    if (cell.source) line(`Derived from: ${cell.source}`);
    if (cell.reference) line(`Reference range: ${cell.reference} ${cell.unit}`);
    line(cell.note);
    cell.alternatives.forEach((each, at) => box.append(behind(each, { label: `Version ${at + 1}`, inherited: cell })));
    return box;
  };

  // All that a case says of a field; `taken` is the cell or course that the table shows, of several.
  const entryBoxes = (entry, taken = -1) => {
    if (entry === 0) {
      const [status, meaning] = data().statuses.at(-1);
      return [make("div", { class: "behind" }, make("p", { class: "value" }, make("b", { class: status }, status)), make("p", { class: "note" }, meaning))];
    }
    if (entry[0] === 0) return entry.slice(1).map((told, at) => behind(cellOf(told), { isTaken: at === taken }));
    return coursesOf(entry).map(({ note, parts }, at, all) => {
      const box = make("div", { class: at === taken ? "behind taken" : "behind" });
      if (all.length > 1) box.append(make("p", { class: "value" }, make("b", {}, `Course ${at + 1}`)));
      for (const [part, cell] of parts) box.append(behind(cell, { label: part }));
      if (note) box.append(make("p", { class: "note" }, note));
      return box;
    });
  };

  // --- the dialog ------------------------------------------------------------------------------------------------

  let opener = null;
  const open = (title, under, children) => {
    dialog.querySelector("h2").textContent = visible(title);
    dialog.querySelector(".under").textContent = visible(under);
    dialog.querySelector(".body").replaceChildren(...children);
    if (!dialog.open) {
      opener = document.activeElement;
      dialog.showModal();
    }
    dialog.scrollTop = 0;
    dialog.querySelector("h2").focus();
  };
  dialog.addEventListener("close", () => {
    opener?.focus();
    opener = null;
  });
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  const sourceOf = (report) => {
    const [, label, citation, url, accessed, note, mark, why] = report;
    const box = make("div", { class: "source" }, make("p", {}, mark ? make("span", { class: "tag alarm" }, mark) : "", mark ? " " : "", citation));
    if (mark && why) box.append(make("p", { class: "note" }, why));
    if (LINK.test(url)) box.append(make("p", {}, make("a", { href: url, rel: "noopener" }, url.replace(/^https:\/\//, ""))));
    box.append(make("p", { class: "note" }, accessed));
    if (note) box.append(make("p", { class: "note" }, note));
    return box;
  };
  const caseName = (number) => {
    const [report, id] = data().cases[number];
    return `${data().reports[report][1]}, case ${data().strings[id]}`;
  };
  const withUnit = (field) => (field[2] ? `${field[1]} (${field[2]})` : field[1]);

  const openCell = (number, column, row) => {
    const [report, , , , entries] = data().cases[number];
    const field = data().fields[column.field];
    const children = entryBoxes(entries[column.field], column.shown[row] ?? -1);
    if (field[4]) children.push(make("p", { class: "note" }, `The form asks: ${field[4]}`));
    const more = make("button", { type: "button", class: "more" }, "All fields of this case");
    more.addEventListener("click", () => openCase(number));
    open(withUnit(field), caseName(number), [...children, sourceOf(data().reports[report]), more]);
  };

  const openCase = (number) => {
    const { cases, fields, reports, strings, figures } = data();
    const [report, , note, patient, entries] = cases[number];
    const children = [];
    if (patient) children.push(make("p", { class: "note" }, `The patient of ${strings[patient]}, and counted once.`));
    if (note) children.push(make("p", { class: "note" }, strings[note]));
    const figure = figures[number];
    if (figure) children.push(make("figure", { class: "diagram" }, make("img", { src: figure, alt: `Clinical course of ${caseName(number)}; its values stand below.` })));
    let group = null;
    let list = null;
    fields.forEach((field, at) => {
      if (list === null || field[3] !== group) {
        group = field[3];
        if (group) children.push(make("h3", {}, group));
        children.push((list = make("dl")));
      }
      list.append(make("dt", {}, withUnit(field)), make("dd", {}, ...entryBoxes(entries[at])));
    });
    open(caseName(number), "All fields of this case", [...children, sourceOf(reports[report])]);
  };

  // --- tables ----------------------------------------------------------------------------------------------------

  const sections = [...document.querySelectorAll("main .table")];
  const tables = sections.map((section, at) => {
    const table = section.querySelector("table");
    const groups = [...table.tBodies].map((body) => ({ body, head: body.querySelector(".group"), rows: [...body.rows].filter((row) => !row.classList.contains("group")) }));
    const rows = groups.flatMap((group) => group.rows);
    const place = new Map(rows.map((row, number) => [row, number]));
    const heads = [...table.tHead.rows[0].cells];
    const count = section.querySelector(".count");
    const reset = section.querySelector(".reset");
    const filters = section.querySelector(".filters .panel");
    const search = section.querySelector("input[type=search]");
    const boxes = [...section.querySelectorAll(".columns input")];
    const style = document.styleSheets[0];
    let ordered = null;
    let hidden = null;
    let texts = null;

    const columns = () => layout()[at].columns;
    const textOf = (row) => {
      const number = layout()[at].rows[place.get(row)];
      return `${row.textContent} ${data().reports[data().cases[number][0]][2]}`.toLowerCase();
    };

    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      if (words.length) texts ??= rows.map(textOf);
      const asked = [...filters.querySelectorAll("select")].filter((select) => select.value !== "");
      let left = 0;
      rows.forEach((row, number) => {
        const isShown = words.every((word) => texts[number].includes(word)) && asked.every((select) => {
          const filed = columns()[Number(select.dataset.column)].filed[number];
          const wanted = Number(select.value);
          return typeof filed === "number" ? filed === wanted : filed.includes(wanted);
        });
        if (row.hidden === isShown) row.hidden = !isShown;
        left += isShown;
      });
      for (const { body, head, rows: own } of groups) if (head) body.hidden = own.every((row) => row.hidden);
      count.textContent = `${left} of ${counted(rows.length, "case")} shown`;
      section.querySelector(".active").textContent = asked.length || "";
      reset.hidden = left === rows.length && !words.length && !asked.length && boxes.every((box) => box.checked) && ordered === null;
    };

    const sort = (index) => {
      const head = heads[index];
      const before = head.getAttribute("aria-sort");
      const next = before === null ? "ascending" : before === "ascending" ? "descending" : null;
      for (const each of heads) each.removeAttribute("aria-sort");
      if (next) head.setAttribute("aria-sort", next);
      ordered = next && { index, sign: next === "ascending" ? 1 : -1 };
      order();
      apply();
    };
    const reportRanks = () => {
      const labels = rows.map((row) => row.cells[0].firstChild.textContent.toLowerCase());
      const sorted = [...new Set(labels)].sort();
      const ranks = new Map(sorted.map((label, rank) => [label, rank]));
      return labels.map((label) => ranks.get(label));
    };
    const order = () => {
      const ranks = ordered && (ordered.index === 0 ? reportRanks() : columns()[ordered.index - 1].ranks);
      const compare = (one, other) => {
        const [a, b] = [place.get(one), place.get(other)];
        const [x, y] = ranks ? [ranks[a], ranks[b]] : [0, 0];
        if (x === y) return a - b;
        if (x === null || y === null) return x === null ? 1 : -1;
        return (x - y) * ordered.sign;
      };
      // Out of the page while they are moved, as the browser looks after each move of a row that is in it.
      for (const { body, rows: own } of groups) {
        const after = body.nextSibling;
        body.remove();
        body.append(...own.sort(compare));
        table.insertBefore(body, after);
      }
    };

    const choose = () => {
      const widths = heads.slice(1).map((head) => Number(head.dataset.width));
      const chosen = boxes.map((box) => box.checked);
      const off = boxes.flatMap((box, index) => (box.checked ? [] : [`#${table.id} tr:not(.group)>:nth-child(${index + 2})`]));
      if (hidden !== null) style.deleteRule(hidden);
      hidden = style.insertRule(`${off.join(",") || "#none"}{display:none!important}`, style.cssRules.length);
      const left = widths.filter((_, index) => chosen[index]);
      table.style.setProperty("--columns", left.map((width) => `minmax(${width}rem,${width}fr)`).join(" ") || "0");
      table.style.setProperty("--least", `${left.reduce((sum, width) => sum + width, 0)}rem`);
      apply();
    };

    const fill = () => {
      if (filters.childElementCount) return;
      columns().forEach((column, index) => {
        if (column.words.length < 2) return;
        const select = make("select", { "data-column": index }, make("option", { value: "" }, "any"));
        column.words.forEach((word, number) => select.append(make("option", { value: number }, word)));
        filters.append(make("label", {}, make("span", {}, column.head), select));
      });
      if (!filters.childElementCount) filters.append(make("p", {}, "Every column says the same of all cases."));
      filters.addEventListener("change", apply);
    };

    search.addEventListener("input", apply);
    for (const box of boxes) box.addEventListener("change", choose);
    section.querySelector(".filters").addEventListener("toggle", fill);
    reset.addEventListener("click", () => {
      search.value = "";
      for (const select of filters.querySelectorAll("select")) select.value = "";
      for (const box of boxes) box.checked = true;
      for (const head of heads) head.removeAttribute("aria-sort");
      ordered = null;
      order();
      choose();
      search.focus();
    });
    table.addEventListener("click", (event) => {
      const cell = event.target.closest("th, td");
      if (!cell || String(getSelection())) return;
      const row = cell.parentElement;
      if (row.parentElement === table.tHead) return sort(cell.cellIndex);
      if (!place.has(row)) return;
      const number = layout()[at].rows[place.get(row)];
      cell.querySelector("button").focus(); // where the dialog leads back to
      if (cell.cellIndex > 0) openCell(number, columns()[cell.cellIndex - 1], place.get(row));
      else if (event.target.closest("button")) openCase(number);
    });
    // Beside Tab, arrows lead from cell to cell.
    table.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      const cell = event.target.closest("th, td");
      if (!step || !cell || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const lines = [table.tHead.rows[0], ...groups.flatMap(({ body }) => [...body.rows])].filter((row) => !row.hidden && !row.classList.contains("group"));
      let line = lines.indexOf(cell.parentElement) + step[0];
      let index = cell.cellIndex + step[1];
      while (index > 0 && boxes[index - 1] && !boxes[index - 1].checked) index += step[1];
      const next = lines[line]?.cells[index]?.querySelector("button");
      event.preventDefault();
      if (next) {
        next.focus();
        next.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    });

    const piecesOf = (cell) => {
      const button = cell.firstChild;
      return button.childElementCount ? [...button.children].map((piece) => piece.textContent).join("; ") : button.textContent;
    };
    // The table as rows of texts: all of it, or what is shown.
    const exported = (isShownOnly) => {
      const chosen = columns().map((_, index) => !isShownOnly || boxes[index].checked);
      const lines = isShownOnly ? groups.flatMap(({ body }) => [...body.rows]).filter((row) => place.has(row) && !row.hidden) : rows;
      const { cases, reports, strings } = data();
      return [
        ["report", "case", ...columns().map((column) => column.name).filter((_, index) => chosen[index])],
        ...lines.map((row) => {
          const [report, id] = cases[layout()[at].rows[place.get(row)]];
          return [reports[report][0], strings[id], ...[...row.cells].slice(1).map(piecesOf).filter((_, index) => chosen[index])];
        }),
      ];
    };
    return { exported };
  });

  const menus = [...document.querySelectorAll("details.menu")];
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && menus.find((each) => each.open);
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  const choices = [...document.querySelectorAll(".tabs input")];
  const turn = () => sections.forEach((section, at) => (section.hidden = !choices[at].checked));
  for (const choice of choices) choice.addEventListener("change", turn);
  if (choices.length) turn();

  // --- downloads -------------------------------------------------------------------------------------------------

  // Every cell, a row a cell, as cells.csv beside the page has it.
  const cells = () => {
    const { cases, fields, reports, strings, statuses } = data();
    const lines = [["report", "case", "field", "when", "value", "unit", "status", "reported", "where"]];
    const tell = (head, name, when, cell) => {
      for (const each of cell.alternatives.length ? cell.alternatives : [cell]) {
        lines.push([...head, name, each.when || when, each.value, each.unit, cell.status, each.reported, each.where || cell.where]);
      }
    };
    for (const [report, id, , , entries] of cases) {
      const head = [reports[report][0], strings[id]];
      entries.forEach((entry, at) => {
        const [name, , unit] = fields[at];
        if (entry === 0) lines.push([...head, name, "", "", unit, statuses.at(-1)[0], "", ""]);
        else if (entry[0] === 0) for (const told of entry.slice(1)) { const cell = cellOf(told); tell(head, name, cell.when, cell); }
        else coursesOf(entry).forEach(({ parts }, number) => {
          const start = parts.find(([part]) => part === "start")?.[1].value;
          for (const [part, cell] of parts) tell(head, `${name}.${part}`, `course ${number + 1}${start ? `: ${start}` : ""}`, cell);
        });
      });
    }
    return lines;
  };
  // No spreadsheet may take a cell for a formula: the same guard as in the files beside the page (CWE-1236).
  const SUSPECT = /[=+\-@＝＋－＠﹦﹢﹣﹫]/u;
  const BEGINNING =
    /^([\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"]*)('*)(?=[=+\-@＝＋－＠﹦﹢﹣﹫])/u;
  const PARTS = /([;\t\r\n\v\f\u0085\u2028\u2029]+)/u;
  const NUMBER =
    /^(?:[^\S\ufeff]|[\u001c-\u001f\u0085])*[+-]?\p{Nd}+(?:[.,]\p{Nd}+)*(?:[eE][+-]?\p{Nd}+)?(?:[^\S\ufeff]|[\u001c-\u001f\u0085])?%?(?:[^\S\ufeff]|[\u001c-\u001f\u0085])*$/u;
  const GOES_ON =
    /^[\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"]*[\p{Nd}.]*[eE]?[+\-]?\p{Nd}*[\s%]*[\-+*\/^&<>=|]/u;
  const harmless = (text, behind = "") => {
    if (!SUSPECT.test(text)) return text;
    const parts = text.split(PARTS);
    const last = parts.length - 1;
    const isKept = (part, at) =>
      at % 2 || ((at || !last) && NUMBER.test(part) && !(at === last && GOES_ON.test(behind)));
    return parts.map((part, at) => (isKept(part, at) ? part : part.replace(BEGINNING, "$1'$2"))).join("");
  };
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  const written = (lines) => lines.map((line) => line.map((text, at) => quoted(harmless(text, line[at + 1]))).join(",") + "\n").join("");
  document.getElementById("downloads").parentElement.addEventListener("click", (event) => {
    const name = event.target.closest("button")?.dataset.download;
    if (!name) return;
    const table = tables[Number(event.target.closest("button").dataset.of)];
    const lines = name === "cells.csv" ? cells() : table.exported(name.endsWith("-shown.csv"));
    const address = URL.createObjectURL(new Blob([written(lines)], { type: "text/csv" }));
    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  });
})();
