import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leftIn, planOf, single } from './fixtures/kit.ts';
import { isLeavingText, isLeavingUrl, listUnsubscribeUrls } from './link-meaning.ts';

const none = () => '';

describe('a link that lets its reader leave', () => {
  const leaving = [
    'Unsubscribe',
    'Click here to unsubscribe from this list',
    'Opt out',
    'opt-out of these emails',
    'Abmelden',
    'Newsletter abbestellen',
    'Se désabonner',
    'Me désinscrire',
    'Darse de baja',
    'Cancelar suscripción',
    'Annulla l’iscrizione',
    'Disiscriviti',
    'Cancelar inscrição',
    'Uitschrijven',
    'Schrijf je hier uit',
    'Afmelden',
    'Avregistrera dig',
    'Meld deg av',
    'Afmeld nyhedsbrev',
    'Peruuta uutiskirje',
    'Wypisz się',
    'Odhlásit odběr',
    'Odhlásiť sa',
    'Leiratkozás',
    'Dezabonare',
    'Odjavi se',
    'Abonelikten çık',
    'Отписаться',
    'Відписатися',
    'Διαγραφή',
    '配信停止はこちら',
    'メールの配信を停止する',
    '購読解除',
    '退订',
    '取消訂閱',
    '수신거부',
    '구독 취소',
    'إلغاء الاشتراك',
    'הסרה מרשימת התפוצה',
    'Hủy đăng ký',
    'ยกเลิกการสมัคร',
    'Berhenti berlangganan',
  ]; // prettier keeps what a reader scans together
  for (const text of leaving) it(`says ${text}`, () => assert.equal(isLeavingText(text, none), true));

  const choosing = [
    'Manage preferences',
    'Email preferences',
    'Preference center',
    'Update your preferences',
    'Preferences',
    'Manage your subscription',
    'E-Mail-Einstellungen verwalten',
    'Newsletter-Einstellungen',
    'Gérer mes préférences',
    'Modifier vos paramètres de notification',
    'Gestionar preferencias',
    'Gestisci le preferenze',
    'Voorkeuren wijzigen',
    'Hantera inställningar för e-mail',
    'Настройки рассылки',
    'Subscription center',
    '配信設定の変更',
    '管理订阅',
  ];
  for (const text of choosing) it(`lets choose: ${text}`, () => assert.equal(isLeavingText(text, none), true));

  const others = [
    'Read more',
    'Subscribe now',
    'Jetzt anmelden',
    'Book an appointment',
    'Renew your subscription today',
    'Dietary preferences and cooking',
    'Einstellung der Blutdruckwerte',
    'Vorteile im Abonnement',
    'Bajas temperaturas',
    'メールを受信する',
    '立即订阅',
    '구독하기',
    'اشترك الآن',
    'Đăng ký ngay',
    'Here',
    '',
    'https://example.org/a',
    `How to unsubscribe ${'from the noise of modern life '.repeat(6)}`,
  ];
  for (const text of others) it(`is not: ${text.slice(0, 40)}`, () => assert.equal(isLeavingText(text, none), false));

  it('says so around a word like “here”, but not in the next sentence or cell', () => {
    assert.equal(
      leftIn('<p>Book now. To unsubscribe, click <b><a href="https://example.org/1">here</a></b>.</p>'),
      'unsubscribe',
    );
    assert.equal(leftIn('<p><a href="https://example.org/1">Click here</a> to unsubscribe.</p>'), 'unsubscribe');
    assert.equal(leftIn('<p>Melden Sie sich <a href="https://example.org/1">hier</a> ab.</p>'), 'unsubscribe');
    assert.equal(
      leftIn('<p>You can unsubscribe any time. Book <a href="https://example.org/1">here</a>.</p>'),
      'tracked',
    );
    assert.equal(leftIn('<td>Unsubscribe</td><td><a href="https://example.org/1">here</a></td>'), 'tracked');
    assert.equal(
      leftIn('<a href="https://example.org/1">Here</a> <a href="https://example.org/unsubscribe">Unsubscribe</a>'),
      'tracked unsubscribe',
    );
  });

  it('says so by the text of its image, its title or its rel', () => {
    assert.equal(leftIn('<a href="https://example.org/1"><img src="cid:x" alt="Unsubscribe"></a>'), 'unsubscribe');
    assert.equal(leftIn('<a title="Abmelden" href="https://example.org/1"><img src="cid:x"></a>'), 'unsubscribe');
    assert.equal(leftIn('<a rel="nofollow Unsubscribe" href="https://example.org/1">x</a>'), 'unsubscribe');
    assert.equal(leftIn('<a href="https://example.org/1"><span>Un</span>subscribe &amp; more</a>'), 'tracked');
    assert.equal(leftIn('<a href="https://example.org/1">D&eacute;sabonner</a>'), 'unsubscribe');
    assert.equal(
      planOf(
        single(
          'text/html; charset=iso-8859-1',
          'quoted-printable',
          '<a href=3D"https://example.org/1">D=E9sabonner</a>',
        ),
      ).links.length,
      0,
    );
  });

  it('says so by its address', () => {
    for (const url of [
      'https://x.example/unsubscribe',
      'https://x.example/email/Unsubscribe.aspx?id=1',
      'https://x.example/?action=unsubscribe',
      'https://x.example/?unsubscribe_token=1',
      'https://unsubscribe.x.example/1',
      'https://x.example/opt-out/1',
      'https://x.example/optOut?u=1',
      'https://x.example/newsletter/abmelden',
      'https://x.example/manage-preferences',
      'https://x.example/EmailPreferences',
      'https://x.example/account/notification-settings',
      'https://x.example/subscription_center.aspx',
      'https://x.example/#unsubscribe',
      'https://x.example/list-unsubscribe;jsessionid=1',
    ])
      assert.equal(isLeavingUrl(url), true, url);
    for (const url of [
      'https://x.example/',
      'https://x.example/subscribe',
      'https://x.example/blog/why-people-unsubscribe-from-newsletters',
      'https://x.example/dietary-preferences',
      'https://x.example/profile',
      'https://x.example/health-center',
      'https://x.example/settings-of-care',
      'https://opt.x.example/out',
      'https://x.example/?q=profile',
    ])
      assert.equal(isLeavingUrl(url), false, url);
  });

  it('is listed in List-Unsubscribe, folds inside the brackets or not', () => {
    assert.deepEqual(listUnsubscribeUrls('(comment) <mailto:x@y.example>, <https://y.example/\t a>, <broken'), [
      'mailto:x@y.example',
      'https://y.example/a',
    ]);
  });
});
