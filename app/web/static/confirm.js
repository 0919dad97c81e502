// Asks before something that others will notice.

const dialog = document.getElementById("confirm");
const reasonRow = document.getElementById("confirm-reason-row");
const reasonField = document.getElementById("confirm-reason");

/** Whether the reader says yes; with `reason`, the reason that she must give, or null. */
export function confirmed(title, text, { reason = false } = {}) {
  document.getElementById("confirm-title").textContent = title;
  document.getElementById("confirm-text").textContent = text;
  reasonRow.hidden = !reason;
  reasonField.required = reason;
  reasonField.pattern = ".*\\S.*";
  reasonField.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener(
      "close",
      () => {
        const yes = dialog.returnValue === "yes";
        answer(reason ? (yes ? reasonField.value.trim() : null) : yes);
      },
      { once: true },
    );
  });
}
