"use strict";
// Which rows are meant by the state: plain functions on plain data.
(() => {
  // The names of the filters that a row fails, at most two: that is all that counts need.
  function failed(row, state, words) {
    const out = [];
    if (!row.part && !state.traits.verdict?.size && !state.traits.reason?.size) out.push("unmade"); // shown when asked for
    if (words.length && !words.every((w) => row.text.includes(w))) out.push("q");
    for (const [trait, wanted] of Object.entries(state.traits)) {
      if (wanted.size && !(row.traits[trait] || []).some((v) => wanted.has(v))) out.push(`t.${trait}`);
      if (out.length > 1) return out;
    }
    for (const [name, [low, high]] of Object.entries(state.ranges)) {
      const value = row.numbers[name];
      if ((low !== null && !(value >= low)) || (high !== null && !(value <= high))) out.push(`n.${name}`);
      if (out.length > 1) return out;
    }
    return out;
  }

  // {rows, counts, values}: the rows meant, in order; per trait, how many each value would show; per number, the values
  // that its own range is chosen from.
  thfm.select = (all, state) => {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [], counts = {}, values = {};
    for (const row of all) {
      const out = failed(row, state, words);
      if (out.length > 1) continue;
      if (!out.length) rows.push(row);
      for (const [trait, has] of Object.entries(row.traits)) {
        const own = out[0] === `t.${trait}` || (out[0] === "unmade" && (trait === "verdict" || trait === "reason"));
        if (out.length && !own) continue;
        const of = (counts[trait] ??= new Map());
        for (const value of has) of.set(value, (of.get(value) || 0) + 1);
      }
      for (const [name, value] of Object.entries(row.numbers)) {
        if (!out.length || out[0] === `n.${name}`) (values[name] ??= []).push(value);
      }
    }
    return { rows: sorted(rows, state.sort), counts, values };
  };

  function sorted(rows, sort) {
    const down = sort.startsWith("-"), name = sort.replace(/^-/, ""), sign = down ? -1 : 1;
    const of = (row) => (name === "key" ? row.id : name === "people" ? Number(row.traits.people?.[0] ?? 0) : row.numbers[name]);
    return rows.sort((a, b) => {
      const x = of(a), y = of(b);
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined) || (a.id < b.id ? -1 : 1);
      return (x < y ? -sign : x > y ? sign : 0) || (a.id < b.id ? -1 : 1);
    });
  }
})();
