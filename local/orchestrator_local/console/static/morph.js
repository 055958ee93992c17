// Changes the content of an element to new HTML, and keeps the elements that stay: with them the focus, a text that is
// being typed, the scroll position and open details.

// Attributes that the operator or the script sets, not the server.
const OWN_ATTRIBUTES = new Set(["open", "aria-busy"]);

export function morph(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  morphChildren(element, template.content);
}

function morphChildren(parent, fresh) {
  let next = parent.firstChild;
  for (const node of [...fresh.childNodes]) {
    const match = findMatch(next, node);
    if (!match) {
      parent.insertBefore(node, next);
      continue;
    }
    while (next !== match) next = removeNode(next);
    next = match.nextSibling;
    morphNode(match, node);
  }
  while (next) next = removeNode(next);
}

// An element with an id matches the element of that id. Another node matches the node in its place.
function findMatch(next, node) {
  if (!node.id) return next && !next.id && next.nodeName === node.nodeName ? next : null;
  let sibling = next;
  while (sibling && sibling.id !== node.id) sibling = sibling.nextSibling;
  return sibling;
}

function morphNode(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !OWN_ATTRIBUTES.has(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  // An element with `data-fragment` has a fragment of its own.
  if (old.dataset.fragment === undefined) morphChildren(old, fresh);
}

function removeNode(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
