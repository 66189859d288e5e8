"use strict";
// The page's one script: tables are sorted and searched, and the answers behind a score shown. What models and benchmarks said is put
// into text nodes only. Pieces of answers stand in data blocks of the page, or in files beside it, each a call of koreasonTake.
(() => {
  const MOST = 200; // items listed at once
  const pieces = new Map();
  const waiting = new Map();
  const make = (tag, words, kind) => {
    const made = document.createElement(tag);
    if (words !== undefined && words !== null) made.textContent = words;
    if (kind) made.className = kind;
    return made;
  };

  // --- tables

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    const words = (cell.querySelector("button, b") || cell).textContent.trim();
    const number = parseFloat(words.replace(/[−–]/g, "-").replace(/,/g, ""));
    return cell.classList.contains("n") ? (Number.isNaN(number) ? -Infinity : number) : words;
  };
  const sorted = (table, column, heading) => {
    const down = heading.getAttribute("aria-sort") !== "descending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
    const order = (a, b) => (typeof a === "number" ? a - b : String(a).localeCompare(String(b)));
    rows.sort((a, b) => (down ? order(b[0], a[0]) : order(a[0], b[0])));
    table.tBodies[0].append(...rows.map((pair) => pair[1]));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = make("button", null, "sort");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sorted(table, column, heading));
    });
    if (table.tBodies[0].rows.length < 6) continue;
    const search = make("input", null, "search");
    search.type = "search";
    search.placeholder = "Search this table";
    search.setAttribute("aria-label", "Search: " + (table.closest(".scroll").getAttribute("aria-label") || "table"));
    search.addEventListener("input", () => {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of table.tBodies[0].rows) {
        const words = row.textContent.toLowerCase();
        row.hidden = !wanted.every((word) => words.includes(word));
      }
    });
    table.closest(".scroll").before(search);
  }

  // --- pieces of answers

  window.koreasonTake = (name, json) => {
    pieces.set(name, JSON.parse(json));
    for (const go of waiting.get(name) || []) go(pieces.get(name));
    waiting.delete(name);
  };
  const piece = (name) =>
    new Promise((go, fail) => {
      if (pieces.has(name)) return go(pieces.get(name));
      for (const block of document.querySelectorAll("script[data-piece]")) {
        if (block.dataset.piece === name) return go(pieces.set(name, JSON.parse(block.textContent)).get(name));
      }
      if (waiting.has(name)) return waiting.get(name).push(go);
      waiting.set(name, [go]);
      const file = document.createElement("script");
      file.src = "items/" + name + ".js";
      file.addEventListener("error", () => {
        waiting.delete(name);
        fail(new Error(file.src));
      });
      document.head.append(file);
    });

  // --- the reader

  const reader = document.getElementById("reader");
  const failed = (place) => (error) => place.replaceChildren(make("p", "Not to be had: " + error.message, "small"));
  const marked = (text, span) => {
    const shown = make("p", null, "text");
    const blank = text.length - text.trimStart().length; // an answer begins with the lines behind its thinking
    const letters = Array.from(text.trimStart());
    if (span) span = [Math.max(span[0] - blank, 0), span[1] - blank];
    if (!span) shown.textContent = text.trimStart();
    else {
      const part = (from, to) => letters.slice(from, to).join("");
      shown.append(part(0, span[0]), make("mark", part(span[0], span[1])), part(span[1]));
    }
    return shown;
  };
  const answer = (one, number, many) => {
    const whole = make("div", null, "answer");
    if (many) whole.append(make("h5", "Repeat " + (number + 1)));
    if (one.think) {
      const folded = make("details");
      folded.append(make("summary", "Thinking, " + one.think.length.toLocaleString("en") + " characters"), make("p", one.think, "text"));
      whole.append(folded);
    }
    const read = one.read.find((each) => each[4]);
    whole.append(marked(one.answer || (one.think ? "" : "(empty)"), read && read[4]));
    const list = make("ul", null, "read");
    for (const [profile, extracted, verdict, rule] of one.read) {
      const line = make("li");
      line.append(make("b", profile), ": ");
      if (extracted) line.append(make("q", extracted), " ");
      line.append(make("span", verdict, "verdict"), ", ", rule);
      list.append(line);
    }
    if (one.finish !== "stop") list.append(make("li", "ended by: " + one.finish));
    whole.append(list);
    return whole;
  };
  const readItem = (place, key, item, number) => {
    piece(key + "-" + String(item[6]).padStart(3, "0")).then((texts) => {
      const found = texts[number];
      place.replaceChildren(make("h4", item[0] + (item[1] ? ", " + item[1] : "")), make("h5", "Prompt"), make("p", found.prompt, "text"));
      place.append(make("h5", "Gold"), make("p", found.gold, "text"));
      place.append(...found.answers.map((one, number) => answer(one, number, found.answers.length > 1)));
      place.scrollIntoView({ block: "nearest" });
    }, failed(place));
  };
  const signs = (verdicts) => verdicts.map((verdict) => (verdict === "correct" ? "✓" : verdict === "wrong" ? "✗" : "–")).join("");
  const listItems = (key, index) => {
    const search = make("input", null, "search");
    search.type = "search";
    search.placeholder = "Search ids, categories, golds";
    search.setAttribute("aria-label", "Search items");
    const which = make("select");
    which.setAttribute("aria-label", "Which items");
    const choices = { "all items": () => true, "never right": (i) => !i[3].includes("correct") };
    choices["always right"] = (i) => i[3].every((v) => v === "correct");
    choices["right only sometimes"] = (i) => i[3].includes("correct") && i[3].some((v) => v !== "correct");
    choices["unusable answers"] = (i) => i[3].some((v) => v !== "correct" && v !== "wrong");
    choices["profiles differ"] = (i) => i[4] === 1;
    choices["better than before training"] = (i) => i[5].length && i[3].includes("correct") && !i[5].includes("correct");
    choices["worse than before training"] = (i) => i[5].length && !i[3].includes("correct") && i[5].includes("correct");
    for (const name of Object.keys(choices)) which.append(make("option", name));
    const list = make("ol", null, "items");
    const count = make("p", null, "small");
    const text = make("article", null, "sample reading");
    const refresh = () => {
      const words = search.value.toLowerCase();
      const says = (i) => (i[0] + " " + i[1] + " " + i[2]).toLowerCase().includes(words);
      const chosen = index.items.filter((i) => choices[which.value](i) && says(i));
      const more = chosen.length > MOST ? ", the first " + MOST + " are listed" : "";
      count.textContent = chosen.length.toLocaleString("en") + " items" + more;
      list.replaceChildren(
        ...chosen.slice(0, MOST).map((item) => {
          const line = make("li");
          const open = make("button", item[0], "open");
          open.type = "button";
          open.addEventListener("click", () => readItem(text, key, item, index.items.indexOf(item)));
          line.append(open, " ", make("span", signs(item[3])));
          if (item[5].length) line.append(make("span", " before: " + signs(item[5]), "small"));
          line.append(" ", make("span", item[1], "small"));
          return line;
        }),
      );
    };
    search.addEventListener("input", refresh);
    which.addEventListener("change", refresh);
    refresh();
    const close = make("button", "Close", "open");
    close.type = "button";
    close.addEventListener("click", () => (reader.hidden = true));
    const sides = make("div", null, "sides");
    const left = make("div");
    left.append(search, which, count, list);
    text.append(make("p", "Choose an item.", "small"));
    sides.append(left, text);
    reader.replaceChildren(make("h3", "Answers of " + index.title), close, sides);
  };
  for (const button of document.querySelectorAll("button[data-cell]")) {
    button.addEventListener("click", () => {
      reader.hidden = false;
      reader.replaceChildren(make("p", "Loading …", "small"));
      piece(button.dataset.cell).then((index) => {
        listItems(button.dataset.cell, index);
        reader.scrollIntoView({ block: "start" });
      }, failed(reader));
    });
  }
})();
