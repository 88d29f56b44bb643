// Tabs as the ARIA practices want them: arrows go from one to the next, Tab leaves them.

export class Tabs {
  #tabs; #choose;

  constructor(list, choose) {
    this.#tabs = [...list.querySelectorAll('[role=tab]')];
    this.#choose = choose;
    list.addEventListener('click', ({ target }) => { const tab = target.closest('[role=tab]'); if (tab) choose(nameOf(tab)); });
    list.addEventListener('keydown', (event) => this.#key(event));
  }

  get current() { return nameOf(this.#tabs.find((tab) => tab.getAttribute('aria-selected') === 'true')); }

  open(name) {
    for (const tab of this.#tabs) {
      const own = nameOf(tab) === name;
      tab.setAttribute('aria-selected', String(own));
      tab.tabIndex = own ? 0 : -1;
      document.getElementById(tab.getAttribute('aria-controls')).hidden = !own;
      if (own && tab.parentElement.scrollWidth > tab.parentElement.clientWidth) tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  }

  #key(event) {
    const at = this.#tabs.indexOf(document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: this.#tabs.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const tab = this.#tabs[(next + this.#tabs.length) % this.#tabs.length];
    tab.focus();
    this.#choose(nameOf(tab));
  }
}

function nameOf(tab) { return tab.id.replace('tab-', ''); }
