import { parseRoute, type Route } from './route.js';
import { Signal } from './signal.js';

const here = () => parseRoute(location.pathname, location.search);

/** Where the address bar stands. */
export const currentRoute = new Signal<Route>(here());

window.addEventListener('popstate', () => currentRoute.set(here()));

/** Goes to an address of this page. `replace` keeps what the page chose by itself out of the browser's history. */
export function navigate(address: string, how: 'push' | 'replace' = 'push'): void {
  if (address === location.pathname + location.search) return;
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', address);
  currentRoute.set(here());
}
