/**
 * The words by which a link says that it lets its reader leave or choose, per language; data only.
 * All are written folded as `foldText` folds: lower case, accents off, ø ł đ ı æ ß as o l d i ae ss.
 */

/** Words and phrases (regular expressions) that mean leaving a list. */
export const leavingPhrases: Readonly<Record<string, string>> = {
  en: 'unsubscri|un-subscri|\\bunsub\\b|\\bopt(?:ing)?[ -]?out\\b|stop receiving|no longer (?:wish|want|like) to (?:receive|get|hear)|remove me\\b',
  de: 'abmeld|abbestell|abzumelden|\\baustragen|newsletter kundigen|keine (?:weiteren )?(?:e-?mails|newsletter)|nicht mehr erhalten|\\bmelden? (?:sie |du )?(?:sich|dich) (?:\\S+ ){0,3}ab\\b',
  fr: 'desabonn|desinscri|ne plus recevoir|ne souhaitez plus',
  es: '\\bdar(?:se|me|te)? de baja|\\bdate de baja|\\bdese de baja|\\bbaja (?:de|del) (?:la |este )?(?:lista|boletin|newsletter)|cancelar (?:la |mi |su |tu )?suscripcion|desuscri|anular (?:la |mi |su |tu )?suscripcion|dejar de recibir',
  ca: "donar-se de baixa|dona't de baixa|deixar de rebre",
  it: "disiscri|disdici|cancella(?:re|ti)? (?:la tua |la mia |l')?(?:l')?iscrizione|annulla(?:re)? (?:la tua |l')?iscrizione|non ricevere piu|non desideri piu|cancellati dalla",
  pt: 'cancelar (?:a )?(?:sua |minha )?(?:inscricao|subscricao|assinatura)|descadastr|anular (?:a )?subscricao|deixar de receber|desinscrev|remover (?:a )?(?:minha )?inscricao',
  nl: '\\bafmeld|uitschrijv|schrijf (?:je|u|mij|me) (?:\\S+ ){0,3}uit\\b|meld (?:je|u) (?:\\S+ ){0,3}af\\b|opzeggen van de nieuwsbrief|niet meer ontvangen',
  sv: 'avregistrera|avprenumerera|avsluta (?:min |din )?prenumeration|avanmal',
  no: '\\bavmeld|meld (?:deg|meg) (?:\\S+ ){0,3}av\\b|stopp abonnement',
  da: '\\bafmeld|frameld|meld (?:mig|dig) (?:\\S+ ){0,3}fra\\b|afregistrer',
  fi: 'peruuta (?:uutiskirje|tilau|postitu)|peru (?:uutiskirje|tilau|postitu)|lopeta tilau|poistu (?:postitus)?listalta',
  pl: 'wypisz|wypisac|zrezygnuj|rezygnacja z (?:newslettera|subskrypcji)|anuluj subskrypcj',
  cs: 'odhlasit|odhlaseni|zrusit odber|odber zrusit',
  sk: 'odhlasenie|zrusit odoberanie',
  hu: 'leiratkoz|lemondas(?:a)? a hirlevel',
  ro: 'dezabon',
  hr: '\\bodjavi|\\bodjava|otkazi pretplatu',
  sl: 'odjavite se|\\bodjava',
  et: 'loobu (?:uudiskirja|tellimuse)|tuhista tellimus|lopeta tellimus',
  lv: 'atrakstit|atteikties no',
  lt: 'atsisakyti (?:prenumeratos|naujienlaiskio)|prenumeratos atsisak',
  tr: 'abonelikten (?:cik|ayril)|aboneligi iptal|listeden cik|uyelikten cik',
  ru: 'отписат|отписк|отпишит|отказаться от (?:рассылки|подписки)',
  uk: 'відписат|відписк|відмовитися від (?:розсилки|підписки)',
  bg: 'отпишет|отписван|отказ от абонамент',
  el: 'διαγραφη|απεγγραφ|καταργηση εγγραφης',
  ja: '配信(?:を|の)?(?:停止|解除)|(?:購読|登録|受信)(?:を|の)?(?:解除|停止|中止|拒否)|退会',
  zh: '退订|退訂|取消订阅|取消訂閱|取消订閱|拒收|停止接收',
  ko: '수신 ?거부|구독 ?(?:취소|해지|중지)',
  ar: 'الغاء (?:ال)?اشتراك',
  he: 'הסר(?:ה|ו|י)? (?:אותי|מרשימ|מהרשימ)|להסרה|ביטול (?:ה)?(?:הרשמה|מינוי)',
  vi: 'huy dang ky|ngung nhan',
  th: 'ยกเลกการ(?:สมคร|รบ|เปน)',
  id: 'berhenti (?:ber)?langganan',
};

/** Words that mean preferences by themselves. */
export const preferenceWords =
  'preferenc|preferenz|preferenci|voorkeur|preferens|praferen|\\bprefs\\b|\\bpreferanse|mieltymy|προτιμησ|предпочтени|вподобан|\\bsubscription cent(?:er|re)|配信設定|メール設定|偏好[设設]|[订訂][阅閱](?:设置|設定|管理)|管理[订訂][阅閱]';

/** Words that mean preferences only beside a word for mail or for managing. */
export const settingWords =
  'setting|einstellung|installningar|instelling|innstilling|indstilling|asetu|parametre|impostazion|configuracion|configuraco|ajustes|ustawieni|nastaveni|beallitas|setari|ayarlar|subscription|\\babonnement|\\babo\\b|suscripcion|subscricao|inscricao|iscrizion|prenumeration|subskrypc|настроик|налаштуван|подписк|підписк|ρυθμισ';

export const managingWords =
  'manag|updat|chang|\\bedit|choos|customi|adjust|verwalt|\\bander|bearbeit|anpass|gerer|modifi|mettre a jour|gestion|actualiz|cambia|editar|administr|aggiorn|gestisc|gestir|gerir|alterar|atualiz|beheer|beheren|wijzig|aanpass|hantera|\\bandra|endre|redigera|rediger|muokka|hallit|zarzadz|zmien|upraw|zmenit|upravit|spravovat|kezel|modosit|yonet|измен|управл|змін|керув|διαχειρ|αλλαγ';

export const mailWords =
  'e-?mail|\\bmail|newsletter|communicat|kommunikat|contact|notif|benachricht|bulletin|boletin|nieuwsbrief|nyhetsbrev|nyhedsbrev|uutiskirje|hirlevel|рассылк|розсилк|kontakt|courriel|correo|posta';

/** What a link reads when only the words around it say where it leads. */
export const genericTexts =
  /^(?:please )?(?:(?:(?:click|tap|press) )?(?:here|this link|the link|on this link|link)|hier(?: klicken)?|klicken sie (?:bitte )?hier|(?:diesen|diesem) link|ici|cliquez (?:ici|sur ce lien)|cliquer ici|ce lien|aqui|(?:haga|haz) clic aqui|pulse aqui|este enlace|clique aqui|este link|qui|clicca(?:re)? qui|questo link|klik (?:dan )?hier|deze link|har|klicka har|denna lank|her|klik her|klikk her|tasta|tassa|napsauta tasta|tutaj|kliknij tutaj|zde|kliknete zde|tu|kliknite sem|ide|kattintson ide|aici|buraya|buraya tiklayin|здесь|сюда|тут|по ссылке|εδω)[.!:]?$/;

/** Words of addresses, as they stand between the separators of a path or query. */
export const leavingUrlWords = new Set(
  (
    'unsub optout abmelden abmeldung abbestellen austragen desabonner desabonnement desabonnez desinscription desinscrire ' +
    'darsedebaja desuscribir desuscribirse disiscrizione disiscriviti disiscrivi descadastrar descadastro descadastramento ' +
    'afmelden uitschrijven avregistrera avprenumerera avmeld avmelding afmeld afmelding frameld framelding wypisz wypisanie ' +
    'odhlasit odhlaseni odhlasenie leiratkozas leiratkozik dezabonare odjava otpiska otpisatsya'
  ).split(' '),
);

export const preferenceUrlWords = new Set('preference preferences prefs pref'.split(' '));
export const settingUrlWords = new Set('settings setting subscription subscriptions center centre profile'.split(' '));
export const mailUrlWords = new Set(
  (
    'email emails mail mailing manage managing update edit change communication communications contact notification ' +
    'notifications newsletter newsletters marketing consent subscription subscriptions'
  ).split(' '),
);
export const neutralUrlWords = new Set('my your user account list page aspx asp php html htm jsp cgi do'.split(' '));
