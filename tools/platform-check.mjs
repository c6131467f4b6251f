/** Whether this Node can run the program. Plain syntax: it must be readable by a Node that cannot. */
export function nodeProblem(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return undefined;
  return `Node ${version} is too old: Palimpsest needs Node 20.19 or later, 22.12 or later, or 24 and later. Install one from nodejs.org or with your package manager, then try again.`;
}
