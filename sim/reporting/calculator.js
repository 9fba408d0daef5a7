// A count from a few numbers, live, and a link that keeps them. Nothing is sent or fetched.
(() => {
  const form = document.getElementById("try-form");
  const names = ["tasks", "calls", "runs", "users", "days", "convention"];
  const field = (name) => form.elements["try-" + name];
  const marks = [...document.querySelectorAll("#try-claims [data-low]")];
  const number = (name) => Math.max(Number(field(name).value) || 0, 0);
  const words = (x) => {
    for (const [size, word] of [[1e12, " trillion"], [1e9, " billion"], [1e6, " million"]]) {
      if (x >= size) return Number((x / size).toPrecision(3)) + word;
    }
    return Math.round(x).toLocaleString("en-GB");
  };
  const show = () => {
    const chosen = field("convention").selectedOptions[0];
    const tasks = number("tasks") * number("runs") * number("users") * number("days");
    const count = tasks * (chosen.dataset.perTask ? 1 : number("calls") * Number(chosen.dataset.factor));
    document.getElementById("try-count").textContent = words(count) + " exchanges";
    document.getElementById("try-dot").style.left = place(count) + "%";
    for (const mark of marks) {
      const ratio = count / Number(mark.dataset.low);
      const alike = ratio >= 0.95 && ratio < 1.05;
      mark.textContent = alike ? "about as many" : ratio >= 1 ? words10(ratio) + " times as many" : words10(100 * ratio) + " % of it";
    }
    document.getElementById("try-link").href = "#try=" + names.map((x) => field(x).value).join(",");
  };
  const words10 = (x) => (x >= 1000 ? words(x) : String(Number(x.toPrecision(2))));
  const place = (x) => Math.min(Math.max((Math.log10(Math.max(x, 1)) - 2) / 7, 0), 1) * 100;
  const read = () => {
    const kept = /^#try=([\d.,C]+)$/.exec(location.hash);
    if (!kept) return;
    kept[1].split(",").forEach((x, k) => {
      const input = names[k] && field(names[k]);
      if (!input || (input.options && ![...input.options].some((y) => y.value === x))) return;
      if (input.options || Number(x) >= 0) input.value = x;
    });
    document.getElementById("try").scrollIntoView();
  };
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => { read(); show(); });
  read();
  show();
})();
