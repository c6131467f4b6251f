/**
 * Puts text on the clipboard. Browsers offer their clipboard over HTTPS only, and a classroom's server often has plain HTTP:
 * there the text is selected in a hidden field and copied as by hand.
 */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
}
