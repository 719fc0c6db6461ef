/**
 * The house rules of ARCHITECTURE.md as a program: imports go left, areas are entered by their door, the pure parts
 * stay pure, the browser never meets the server.
 */
const open = ['core', 'contract', 'platform'];
const areas = [
  'audit',
  'accounts',
  'single-sign-on',
  'provisioning',
  'emergency',
  'networks',
  'events',
  'settling',
  'habits',
  'webhooks',
  'suppressions',
  'tracking',
  'rejudging',
  'senders',
  'templates',
  'routing',
  'delivery',
  'sending',
  'tls-reports',
  'returns',
  'alerting',
  'providers',
  'reports',
  'retention',
  'upkeep',
  'demo',
];
const order = [...open, ...areas];

const importsGoLeft = order.flatMap((area, position) => {
  const right = order.slice(position + 1);
  return right.length === 0
    ? []
    : [
        {
          name: `imports-go-left-from-${area}`,
          severity: 'error',
          from: { path: `^src/${area}/`, pathNot: '\\.test\\.ts$' },
          to: { path: `^src/(${right.join('|')})/|^src/(commands/|(main|cli|command-line)\\.ts$)` },
        },
      ];
});

const doors = areas.map((area) => ({
  name: `enter-${area}-by-its-door`,
  comment: `Other areas import src/${area}/index.ts and nothing else of it.`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${area}/|\\.test\\.ts$` },
  to: { path: `^src/${area}/`, pathNot: `^src/${area}/index\\.ts$` },
}));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'core-and-contract-are-alone',
      comment: 'Decisions and wire shapes know no world; core may use the judge’s package and pure parsers.',
      severity: 'error',
      from: { path: '^src/(core|contract)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(src/platform|test|scripts|web|bench)/' },
    },
    {
      name: 'core-does-no-io',
      severity: 'error',
      from: { path: '^(src/(core|contract)|packages/verdict/src)/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'contract-knows-no-core',
      severity: 'error',
      from: { path: '^src/contract/' },
      to: { path: '^src/core/' },
    },
    {
      name: 'the-judge-depends-on-nothing',
      severity: 'error',
      from: { path: '^packages/verdict/src/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^packages/verdict/' },
    },
    {
      name: 'the-judge-is-entered-by-its-door',
      severity: 'error',
      from: { pathNot: '^packages/verdict/' },
      to: { path: '^packages/verdict/', pathNot: '^packages/verdict/(src/index\\.ts|bench/)' },
    },
    {
      name: 'the-browser-meets-only-the-contract',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(src|test|scripts|bench|packages)/', pathNot: '^src/contract/' },
    },
    {
      name: 'the-program-does-not-need-its-tests',
      severity: 'error',
      from: { path: '^(src|packages)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|scripts)/|\\.test\\.ts$' },
    },
    {
      name: 'no-dev-dependencies-in-the-program',
      severity: 'error',
      from: { path: '^(src|web)/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    ...importsGoLeft,
    ...doors,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|artifacts)/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
