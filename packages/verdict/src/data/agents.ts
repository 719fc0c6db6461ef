/**
 * What user agents say of themselves: exact ones first, then mail proxies, mail clients, link previews, scanners and robots.
 * Only agents seen in the wild or in their maker's documents; invented ones from other lists stay out. Texts are lower case.
 */

/** Apple Mail Privacy Protection sends just this, and so did one unrelated scanner. */
export const BARE_AGENT = 'Mozilla/5.0';

export const GMAIL_PREFETCH_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0';
export const GMAIL_SAMPLING_ENDING = 'Edge/12.246 Gmail-content-sampling';
export const GMAIL_ACTIONS_ENDING = 'Gmail Actions)';
/** Samsung's messages app draws previews of links with this very agent (browscap#2157). */
export const SAMSUNG_PREVIEW_AGENT = 'Mozilla/5.0 (X11; Ubuntu; Linux i686; rv:24.0) Gecko/20100101 Firefox/24.0';
export const BARRACUDA_AGENT = 'Barracuda Sentinel';

/** Image proxies that fetch when a person looks: what the agent contains → actor. */
export const DISPLAY_PROXIES: readonly (readonly [string, string])[] = [
  ['googleimageproxy', 'gmail-proxy'],
  ['yahoomailproxy', 'yahoo-proxy'],
  ['superhumanproxy', 'superhuman-proxy'],
  ['fastmailua/', 'fastmail-proxy'],
  ['shortwave image fetcher', 'shortwave-proxy'],
  ['seznamemailproxy/', 'seznam-proxy'],
  ['mail.ukr.net proxy', 'ukrnet-proxy'],
];
/** Rambler says just this word; other proxies have it somewhere in their names. */
export const RAMBLER_AGENT = /^imageproxy(?:\/[\d.]+)?$/;
/** Browsers of few, whose names or libraries a robot's pattern would find. */
export const TEXT_BROWSERS = /^(?:lynx|links|elinks|w3m|amaya|dillo|netsurf|retawq)\b/;

/** Mail clients that name themselves: taken out before any robot pattern is tried. */
export const MAIL_CLIENTS: readonly (readonly [string, string])[] = [
  ['oneoutlook/', 'outlook'],
  ['outlook/', 'outlook'],
  ['microsoft outlook', 'outlook'],
  ['ms-office', 'outlook'],
  ['msoffice', 'outlook'],
  ['microsoft office/', 'outlook'],
  ['macoutlook', 'outlook'],
  ['outlook-ios', 'outlook'],
  ['outlook-android', 'outlook'],
  ['outlook-express', 'outlook'],
  ['windows-live-mail', 'windows-live-mail'],
  ['windows live mail', 'windows-live-mail'],
  ['windowsmail/', 'windows-mail'],
  ['yahoo%20mail/', 'yahoo-mail-app'],
  ['yahoomobilemail/', 'yahoo-mail-app'],
  ['co.jp.yahoo.ymail', 'yahoo-mail-app'],
  ['navermailapp/', 'naver-mail'],
  ['mailmaster', 'mail-master'],
  ['thunderbird/', 'thunderbird'],
  ['icedove/', 'thunderbird'],
  ['betterbird/', 'thunderbird'],
  ['postbox/', 'postbox'],
  ['lotus-notes/', 'notes'],
  ['lotus notes', 'notes'],
  ['hcl notes', 'notes'],
  ['mobilemail/', 'apple-mail'],
  ['com.google.android.gm', 'gmail-app'],
  ['gmail/', 'gmail-app'],
  ['samsung email', 'samsung-email'],
  ['samsungemail', 'samsung-email'],
  ['com.samsung.android.email', 'samsung-email'],
  ['k-9 mail', 'k9'],
  ['k-9/', 'k9'],
  ['k9mail', 'k9'],
  ['fairemail', 'fairemail'],
  ['bluemail', 'bluemail'],
  ['blue mail', 'bluemail'],
  ['aquamail', 'aquamail'],
  ['airmail', 'airmail'],
  ['mailspring', 'mailspring'],
  ['mailbird', 'mailbird'],
  ['em client', 'em-client'],
  ['emclient', 'em-client'],
  ['the bat!', 'the-bat'],
  ['evolution/', 'evolution'],
  ['geary', 'geary'],
  ['claws mail', 'claws'],
  ['kmail', 'kmail'],
  ['mailmate', 'mailmate'],
  ['tutanota-desktop', 'tuta'],
  ['foxmail', 'foxmail'],
  ['incredimail', 'incredimail'],
  ['eudora', 'eudora'],
  ['easilydo', 'edison'],
  ['edison mail', 'edison'],
];
/**
 * What no mail client says of itself: a robot that wears a mail client's name, or carries it in a list of names. Only overt words:
 * Outlook's agents hold whatever toolbars their person once installed.
 */
export const ROBOT_IN_DISGUISE =
  /[a-z]bot\/\d|webcrawler|\bcrawler\b.*https?:|\+https?:\/\/|headlesschrome|phantomjs|python-|\bcurl\/|\bwget\//;
/** Apple Mail fetching through the system's loader: `Mail/3654 CFNetwork/1240 Darwin/20`. */
export const APPLE_MAIL_LOADER = /^mail\/[\d.]+ cfnetwork\//;
/** Apple Mail without privacy protection: WebKit with neither browser nor version behind it. */
export const APPLE_MAIL_WEBKIT =
  /^mozilla\/5\.0 \((macintosh|iphone|ipad|ipod)[^)]*\) applewebkit\/[\d.]+ \(khtml, like gecko\)( mobile\/\w+)?$/;

/** The message was shared, and the place it was shared in draws a preview of the link. */
export const LINK_PREVIEWS = words(String.raw`
slackbot slack-imgproxy skypeuripreview telegrambot discordbot facebookexternalhit facebookcatalog meta-externalhit facebot
twitterbot linkedinbot pinterestbot pinterest/0\. redditbot vkshare line-poker iframely embedly bitlybot mattermost.bot
rocket\.chat zulipurlpreview cardyb/ xing-contenttabreceiver flipboardproxy mastodon/ misskey/ pleroma google-pagerenderer
snap.url.preview viberbot kakaotalk-scrap linkpreview link.preview ^whatsapp\b ^viber\b ^synapse\b ^tumblr/ onebox viberurldownloader ^googlemessages/`);

/** What a self-named robot, HTTP library, headless browser, link checker, monitor or security scanner says. Cubot makes phones. */
export const ROBOTS = words(String.raw`
(?<!cu)bot(?![a-z]) robot crawl spider slurp scrap(?:er|y|ing) archiver heritrix nutch (?<!initiator:.)https?://(?!(?:www\.)?bsalsa) \bcurl\b libcurl wget
python aiohttp httpx urllib go-http-client ^go.\d \bjava/ ^java\d http.?client http.java.client http.?async okhttp axios
node-fetch node\.js ^node\b ^undici ^got\b superagent libwww \blwp\b \bperl\b ^perl ^ruby ^rest-client faraday httparty typhoeus
mechanize guzzle ^php\b http_request http_get http-tiny http-kit clj-http pecl::http ktor-client unirest gsoap vert\.x ^snoopy
^excon ^coldfusion ^jetty/ ^spray-can postmanruntime insomnia/ httpie restsharp powershell winhttp \bahc/ reactornetty ^dart/
^deno/ ^bun/ reqwest ^hyper/ ^ureq fasthttp ^hackney ^http\.rb aria2 indy.library ^jersey/ ^colly ^akka-http ^libfetch ^lua-resty
^fetch\b ^req/ headless phantomjs slimerjs puppeteer playwright selenium webdriver cypress/ htmlunit jsdom splash(?:/|.version)
lighthouse pagespeed gtmetrix \bptst/ link.?check checklink linkwalker xenu validator screaming.frog httrack webcop(?:ier|y)
sitesucker webcapture linktiger urlcheckr linkfinder larbin w3c[-_] semrush ahrefs wappalyzer pingdom uptime statuscake site24x7
newrelic datadog hetrix nagios check_http zabbix (?:\b|site)monitor thousandeyes catchpoint synthetic nodeping uptrends updown\.io
ghost.inspector dareboost silktide apachebench jmeter ^k6/ ^siege ^vegeta nessus nikto sqlmap nuclei zgrab masscan censys urlscan
virustotal netcraft expanse qualys acunetix (?<!cam)scanner scanning \bscan\b scan/\d contentscan hardenize securityheaders ssldetector
whatweb watchtowr foregenix sitelock l9explore zmeu appengine-google google-safety googleother google-inspectiontool feedfetcher
mediapartners favicon google.web.preview google-(?:ads|adwords|certificates|physicalweb|xrawler) googleassociation
playstore-google meta-external bingpreview fetcher\b prefetch.proxy chatgpt-user
(?:claude|perplexity|mistralai|manus)-(?:user|web) anthropic cohere-ai hatena ^newspaper/ feedbin feed.?(?:reader|parser)
archive-it web.archiving metadata.?(?:parser|retriever) page-preview webhook exporter/ screenshot ips-agent openvas ssl.?labs
kube-probe prometheus/ github-camo assetnote onetrust ^hubspot ^office.365.connectors scmguard ^needle/ ^lavf/ uri.client/ httpunit checker\b siteimprove appinsights ^mozilla/5\.0.\(compatible(?!;.(?:msie|konqueror)) like.gecko;.compatible`);

/** One pattern out of words, so that an agent is looked through once. */
function words(text: string): RegExp {
  return new RegExp(text.trim().split(/\s+/).join('|'));
}
