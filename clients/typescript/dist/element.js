/* latchkey-client, Apache-2.0 */
import{createLatchkey as be}from"./latchkey.js";function j(n){let e=n.replace(/^[\s\p{Cf}\p{DI}]+|[\s\p{Cf}\p{DI}]+$/gu,""),t=re(e).replace(/[\p{Cf}\p{DI}]/gu,"");return ie(t)?t:e}function ie(n){return/^[+(\d]/.test(n)&&!/[@\p{L}]/u.test(n)}function re(n){return n.normalize("NFKC").replace(/\p{Nd}/gu,e=>{let t=e.codePointAt(0),o=t;for(;/\p{Nd}/u.test(String.fromCodePoint(o-1));)o-=1;return String((t-o)%10)})}import{looksLikePhone as ue}from"./latchkey.js";function r(n,e={},...t){let o=document.createElement(n);for(let[i,a]of Object.entries(e))a===!0?o.setAttribute(i,""):typeof a=="string"&&o.setAttribute(i,a);return o.append(...t),o}function q(n,e,t){let[o="",i=""]=n.split(e);return[o,t,i]}function h(n,e){n.setAttribute("aria-disabled",String(!e))}function C(n){return n.getAttribute("aria-disabled")!=="true"}import{countdown as le,LatchkeyError as G}from"./latchkey.js";var V={signIn:"Anmelden",confirmItIsYou:"Bestätigen Sie, dass Sie es sind",email:"E-Mail-Adresse",phone:"Telefonnummer",emailOrPhone:"E-Mail-Adresse oder Telefonnummer",phoneHint:"Telefonnummern beginnen mit + und der Landesvorwahl.",way:"Code senden per",sms:"SMS",whatsapp:"WhatsApp",sendCode:"Code senden",checkMail:"Sehen Sie in Ihre E-Mails",checkPhone:"Sehen Sie auf Ihr Telefon",sentTo:"Wir haben einen Code mit {n} Ziffern an {to} gesendet.",code:"Code",confirm:"Bestätigen",onItsWay:"Unterwegs",delivered:"Zugestellt",deliveredMail:"Zugestellt. Nicht im Posteingang? Sehen Sie im Spam-Ordner nach.",cameBack:"Die Nachricht kam zurück. Stimmt die Adresse? Wenn ja, sind Nachrichten von uns dort vielleicht gesperrt.",undelivered:"Die Nachricht konnte nicht zugestellt werden.",again:"Noch einmal senden",againIn:"Noch einmal senden in {time}",bySms:"Stattdessen per SMS senden",byWhatsapp:"Stattdessen per WhatsApp senden",other:"Andere Adresse verwenden",done:"Sie sind angemeldet.",signOut:"Abmelden",expired:"Dieser Code gilt nicht mehr. Lassen Sie sich einen neuen senden.",wrongCode:"Dieser Code stimmt nicht oder gilt nicht mehr. Nehmen Sie den aus der neuesten Nachricht oder lassen Sie sich einen neuen senden.",wrongLength:"Der Code hat {n} Ziffern.",wrongEmail:"Das ist keine E-Mail-Adresse. Haben Sie sich vertippt?",wrongPhone:"Das ist keine Telefonnummer mit Landesvorwahl, wie zum Beispiel +49 30 901820.",wrongAddress:"Das ist weder eine E-Mail-Adresse noch eine Telefonnummer mit Landesvorwahl.",wrongWay:"Auf diesem Weg lässt sich kein Code senden. Wählen Sie einen anderen.",tooOften:"Zu viele Versuche. Bitte warten Sie ein wenig.",tryAgainIn:"Weiter geht es in {time}",notSent:"Die Nachricht konnte nicht gesendet werden. Versuchen Sie es noch einmal oder mit einer anderen Adresse.",suspended:"Dieses Konto ist gesperrt. Bitte wenden Sie sich an den Support.",broken:"Bei uns funktioniert gerade etwas nicht. Bitte versuchen Sie es gleich noch einmal.",offline:"Keine Verbindung. Prüfen Sie Ihr Netz und versuchen Sie es noch einmal."};var O={signIn:"Sign in",confirmItIsYou:"Confirm that it is you",email:"E-mail address",phone:"Phone number",emailOrPhone:"E-mail address or phone number",phoneHint:"Start phone numbers with + and the country code.",way:"Send the code by",sms:"SMS",whatsapp:"WhatsApp",sendCode:"Send code",checkMail:"Check your mail",checkPhone:"Check your phone",sentTo:"We sent a code with {n} digits to {to}.",code:"Code",confirm:"Confirm",onItsWay:"On its way",delivered:"Delivered",deliveredMail:"Delivered. Not in your inbox? Look in the spam folder.",cameBack:"The message came back. Is the address right? If it is, messages from us may be blocked there.",undelivered:"The message could not be delivered.",again:"Send again",againIn:"Send again in {time}",bySms:"Send by SMS instead",byWhatsapp:"Send by WhatsApp instead",other:"Use another address",done:"You are signed in.",signOut:"Sign out",expired:"This code is no longer valid. Have a new one sent.",wrongCode:"That code is not right, or no longer valid. Use the one from the newest message, or have a new one sent.",wrongLength:"The code has {n} digits.",wrongEmail:"That is not an e-mail address. Look for a typing error.",wrongPhone:"That is not a phone number with country code, such as +44 20 7946 0018.",wrongAddress:"That is neither an e-mail address nor a phone number with country code.",wrongWay:"A code cannot be sent that way. Choose another one.",tooOften:"Too many attempts. Please wait a little.",tryAgainIn:"You can go on in {time}",notSent:"The message could not be sent. Try again, or use another address.",suspended:"This account is suspended. Please contact support.",broken:"Something is not working on our side. Please try again in a moment.",offline:"No connection. Check your network and try again."};var H={signIn:"Entrar",confirmItIsYou:"Confirme que es usted",email:"Correo electrónico",phone:"Número de teléfono",emailOrPhone:"Correo electrónico o número de teléfono",phoneHint:"Los números de teléfono empiezan por + y el prefijo del país.",way:"Enviar el código por",sms:"SMS",whatsapp:"WhatsApp",sendCode:"Enviar código",checkMail:"Revise su correo",checkPhone:"Revise su teléfono",sentTo:"Hemos enviado un código de {n} cifras a {to}.",code:"Código",confirm:"Confirmar",onItsWay:"En camino",delivered:"Entregado",deliveredMail:"Entregado. ¿No está en la bandeja de entrada? Mire en la carpeta de correo no deseado.",cameBack:"El mensaje ha sido devuelto. ¿Es correcta la dirección? Si lo es, puede que allí se bloqueen nuestros mensajes.",undelivered:"No se ha podido entregar el mensaje.",again:"Enviar de nuevo",againIn:"Enviar de nuevo en {time}",bySms:"Enviar por SMS",byWhatsapp:"Enviar por WhatsApp",other:"Usar otra dirección",done:"Ha entrado en su cuenta.",signOut:"Salir",expired:"Este código ya no es válido. Pida uno nuevo.",wrongCode:"El código no es correcto o ya no es válido. Use el del mensaje más reciente o pida uno nuevo.",wrongLength:"El código tiene {n} cifras.",wrongEmail:"No es una dirección de correo electrónico. Compruebe si hay algún error.",wrongPhone:"No es un número de teléfono con prefijo de país, por ejemplo +34 912 345 678.",wrongAddress:"No es ni un correo electrónico ni un número de teléfono con prefijo de país.",wrongWay:"No se puede enviar un código por esa vía. Elija otra.",tooOften:"Demasiados intentos. Espere un poco, por favor.",tryAgainIn:"Podrá continuar en {time}",notSent:"No se ha podido enviar el mensaje. Inténtelo de nuevo o use otra dirección.",suspended:"Esta cuenta está suspendida. Póngase en contacto con el soporte.",broken:"Algo no funciona por nuestra parte. Inténtelo de nuevo dentro de un momento.",offline:"Sin conexión. Compruebe la red e inténtelo de nuevo."};var U={signIn:"Connexion",confirmItIsYou:"Confirmez que c’est bien vous",email:"Adresse e-mail",phone:"Numéro de téléphone",emailOrPhone:"Adresse e-mail ou numéro de téléphone",phoneHint:"Les numéros de téléphone commencent par + et l’indicatif du pays.",way:"Envoyer le code par",sms:"SMS",whatsapp:"WhatsApp",sendCode:"Envoyer le code",checkMail:"Consultez vos e-mails",checkPhone:"Consultez votre téléphone",sentTo:"Nous avons envoyé un code à {n} chiffres à {to}.",code:"Code",confirm:"Confirmer",onItsWay:"En route",delivered:"Distribué",deliveredMail:"Distribué. Pas dans votre boîte de réception ? Regardez dans les courriers indésirables.",cameBack:"Le message est revenu. L’adresse est-elle correcte ? Si oui, nos messages y sont peut-être bloqués.",undelivered:"Le message n’a pas pu être distribué.",again:"Renvoyer",againIn:"Renvoyer dans {time}",bySms:"Envoyer plutôt par SMS",byWhatsapp:"Envoyer plutôt par WhatsApp",other:"Utiliser une autre adresse",done:"Vous êtes connecté(e).",signOut:"Se déconnecter",expired:"Ce code n’est plus valable. Demandez-en un nouveau.",wrongCode:"Ce code n’est pas le bon ou n’est plus valable. Prenez celui du message le plus récent, ou demandez-en un nouveau.",wrongLength:"Le code comporte {n} chiffres.",wrongEmail:"Ce n’est pas une adresse e-mail. Y a-t-il une faute de frappe ?",wrongPhone:"Ce n’est pas un numéro de téléphone avec indicatif du pays, comme +33 1 99 00 12 34.",wrongAddress:"Ce n’est ni une adresse e-mail ni un numéro de téléphone avec indicatif du pays.",wrongWay:"Impossible d’envoyer un code par cette voie. Choisissez-en une autre.",tooOften:"Trop de tentatives. Veuillez patienter un peu.",tryAgainIn:"Vous pourrez continuer dans {time}",notSent:"Le message n’a pas pu être envoyé. Réessayez ou utilisez une autre adresse.",suspended:"Ce compte est suspendu. Veuillez contacter le support.",broken:"Quelque chose ne fonctionne pas de notre côté. Veuillez réessayer dans un instant.",offline:"Pas de connexion. Vérifiez votre réseau et réessayez."};var R={signIn:"サインイン",confirmItIsYou:"ご本人の確認",email:"メールアドレス",phone:"電話番号",emailOrPhone:"メールアドレスまたは電話番号",phoneHint:"電話番号は + と国番号から入力してください。",way:"コードの受け取り方法",sms:"SMS",whatsapp:"WhatsApp",sendCode:"コードを送信",checkMail:"メールをご確認ください",checkPhone:"電話をご確認ください",sentTo:"{to} に {n} 桁のコードを送信しました。",code:"コード",confirm:"確認",onItsWay:"送信中",delivered:"届きました",deliveredMail:"届きました。受信トレイにない場合は、迷惑メールフォルダをご確認ください。",cameBack:"メッセージが戻ってきました。宛先は正しいですか。正しければ、こちらからのメッセージがブロックされている可能性があります。",undelivered:"メッセージを届けられませんでした。",again:"もう一度送信",againIn:"もう一度送信（あと {time}）",bySms:"代わりに SMS で送信",byWhatsapp:"代わりに WhatsApp で送信",other:"別の宛先を使う",done:"サインインしました。",signOut:"サインアウト",expired:"このコードは期限切れです。新しいコードを送信してください。",wrongCode:"コードが正しくないか、すでに無効です。最新のメッセージのコードを入力するか、新しいコードを送信してください。",wrongLength:"コードは {n} 桁です。",wrongEmail:"メールアドレスの形式ではありません。入力内容をご確認ください。",wrongPhone:"国番号付きの電話番号を入力してください（例：+81 3 1234 5678）。",wrongAddress:"メールアドレスまたは国番号付きの電話番号を入力してください。",wrongWay:"この方法ではコードを送信できません。別の方法を選んでください。",tooOften:"試行回数が多すぎます。しばらくお待ちください。",tryAgainIn:"あと {time} で続けられます",notSent:"メッセージを送信できませんでした。もう一度試すか、別の宛先を使ってください。",suspended:"このアカウントは停止されています。サポートへご連絡ください。",broken:"現在、サービス側で問題が起きています。しばらくしてからもう一度お試しください。",offline:"接続がありません。ネットワークを確認して、もう一度お試しください。"};var Y={signIn:"Entrar",confirmItIsYou:"Confirme que é você",email:"Endereço de e-mail",phone:"Número de telefone",emailOrPhone:"E-mail ou número de telefone",phoneHint:"Números de telefone começam com + e o código do país.",way:"Enviar o código por",sms:"SMS",whatsapp:"WhatsApp",sendCode:"Enviar código",checkMail:"Veja o seu e-mail",checkPhone:"Veja o seu telefone",sentTo:"Enviamos um código de {n} dígitos para {to}.",code:"Código",confirm:"Confirmar",onItsWay:"A caminho",delivered:"Entregue",deliveredMail:"Entregue. Não está na caixa de entrada? Olhe na pasta de spam.",cameBack:"A mensagem voltou. O endereço está certo? Se estiver, talvez as nossas mensagens estejam bloqueadas lá.",undelivered:"Não foi possível entregar a mensagem.",again:"Enviar de novo",againIn:"Enviar de novo em {time}",bySms:"Enviar por SMS",byWhatsapp:"Enviar por WhatsApp",other:"Usar outro endereço",done:"Você entrou na sua conta.",signOut:"Sair",expired:"Este código não vale mais. Peça um novo.",wrongCode:"O código não está certo ou não vale mais. Use o da mensagem mais recente ou peça um novo.",wrongLength:"O código tem {n} dígitos.",wrongEmail:"Isto não é um endereço de e-mail. Veja se há um erro de digitação.",wrongPhone:"Isto não é um número de telefone com código do país, como +55 11 5555 0123.",wrongAddress:"Isto não é um e-mail nem um número de telefone com código do país.",wrongWay:"Não é possível enviar um código por esse meio. Escolha outro.",tooOften:"Tentativas demais. Espere um pouco, por favor.",tryAgainIn:"Você poderá continuar em {time}",notSent:"Não foi possível enviar a mensagem. Tente de novo ou use outro endereço.",suspended:"Esta conta está suspensa. Fale com o suporte.",broken:"Algo não está funcionando do nosso lado. Tente de novo daqui a pouco.",offline:"Sem conexão. Verifique a rede e tente de novo."};var $={de:V,en:O,es:H,fr:U,ja:R,pt:Y};function B(n){let e=n.getAttribute("locale")??ae(n),t=e?[e]:navigator.languages??[],o=t.map(F).find(a=>a&&Z(a)in $),i=o?Z(o):"en";return{language:i,locale:o??F(t[0]??""),words:$[i]??O}}function ae(n){for(let e=n;e;e=se(e)){let t=e.closest("[lang]");if(t?.getAttribute("lang"))return t.getAttribute("lang")}return null}function se(n){let e=n.getRootNode();return e instanceof ShadowRoot?e.host:null}function F(n){try{return Intl.getCanonicalLocales(n)[0]}catch{return}}function Z(n){return n.split("-")[0]}var K=n=>String(n).padStart(2,"0");function W(n){let e=Math.floor(n/60);return`${e<60?String(e):`${Math.floor(e/60)}:${K(e%60)}`}:${K(n%60)}`}function k(n,e){return n.replace(/\{(\w+)\}/g,(t,o)=>String(e[o]??t))}var x=class{node;#e=r("p",{part:"alert",class:"alert",role:"alert",id:"alert"});#n=r("p",{part:"text",class:"quiet",role:"timer",hidden:!0});#o;#i=()=>{};constructor(e){this.#o=e,this.node=r("div",{class:"notice"},this.#e,this.#n)}clear(){this.#i(),this.#e.textContent="",this.#n.hidden=!0}say(e){this.clear(),this.#e.textContent=e}tell(e,t,o,i){this.say(de(e,t,this.#o));let a=e instanceof G&&e.code==="rate_limited"?e.retryAfter:null;if(!a)return o();this.#n.hidden=!1,this.#i=le(a,m=>{this.#n.textContent=k(this.#o.tryAgainIn,{time:W(m)}),!(m>0)&&(this.clear(),o())},i)}};function de(n,e,t){if(!(n instanceof G))return t.broken;switch(n.code){case"invalid_request":return ce(n.fields.map(o=>o.pointer),e,t);case"otp_invalid":return t.wrongCode;case"rate_limited":return t.tooOften;case"delivery_failed":return t.notSent;case"forbidden":return t.suspended;case"offline":return t.offline;default:return t.broken}}function ce(n,e,t){return n.includes("/otp_code")?k(t.wrongLength,{n:e.digits}):n.includes("/channel")?t.wrongWay:n.includes("/identifier")?e.kind==="email"?t.wrongEmail:e.kind==="phone"?t.wrongPhone:t.wrongAddress:t.broken}function J(n,e,t){let{words:o,channels:i,signal:a}=n,[m,u]=[i.includes("email"),i.filter(S=>S!=="email")],p=u.length?m?"either":"phone":"email",w=new x(o),s=r("input",{part:"input",id:"identifier",name:"identifier",required:!0,...me(p)});s.value=e;let f=r("p",{part:"text",class:"quiet hint",id:"hint",hidden:p==="email"},o.phoneHint);s.setAttribute("aria-describedby",p==="email"?"alert":"hint alert");let b=he(n,u),d=r("button",{part:"button",type:"submit"},o.sendCode),g={email:o.email,phone:o.phone,either:o.emailOrPhone}[p],A=r("h2",{part:"heading"},n.again?o.confirmItIsYou:o.signIn),y=r("form",{novalidate:!0},A);y.append(r("div",{class:"field"},r("label",{part:"label",for:"identifier"},g),s,f),b.node,w.node,d);let v=()=>p==="phone"||p==="either"&&ue(s.value),E=()=>b.show(v());return E(),s.addEventListener("input",()=>{E(),w.clear(),s.removeAttribute("aria-invalid"),h(d,!0)}),y.addEventListener("submit",async S=>{if(S.preventDefault(),!C(d)||d.ariaBusy==="true")return;let l={kind:v()?"phone":p==="either"&&!s.value.includes("@")?"either":"email",digits:n.digits};d.ariaBusy="true",w.clear();try{await t({identifier:j(s.value),channel:v()?b.chosen():void 0})}catch(c){if(a.aborted)return;n.report(c),h(d,!1),w.tell(c,l,()=>h(d,!0),a),C(d)&&(s.setAttribute("aria-invalid","true"),s.focus())}finally{d.ariaBusy=null}}),{node:y,focus:()=>s.focus()}}function me(n){let e={spellcheck:"false",autocapitalize:"none",dir:"ltr"};return n==="phone"?{...e,type:"tel",autocomplete:"tel"}:{...e,type:"text",inputmode:"email",autocomplete:n==="email"?"email":"username"}}function he({words:n},e){let t={sms:n.sms,phone:n.sms,whatsapp:n.whatsapp,email:n.email},o=e.map((a,m)=>{let u=r("input",{type:"radio",name:"way",value:a,checked:m===0});return{radio:u,label:r("label",{part:"label",class:"way"},u,t[a])}}),i=r("fieldset",{class:"ways",hidden:!0},r("legend",{part:"label"},n.way));return i.append(r("div",{class:"row"},...o.map(({label:a})=>a))),{node:i,show:a=>i.hidden=!a||e.length<2,chosen:()=>o.find(({radio:a})=>a.checked)?.radio.value??e[0]}}function L({client:n,words:e}){let t=r("p",{part:"status",class:"status",role:"status",tabindex:"-1","data-state":"delivered"},e.done),o=r("button",{part:"link",class:"link",type:"button"},e.signOut);return o.addEventListener("click",()=>{n.signOut()}),{node:r("div",{class:"done"},t,r("div",{class:"links"},o)),focus:()=>t.focus()}}var P=class{#e;constructor(e){this.#e=`latchkey:${e}:pending`}keep(e){try{sessionStorage.setItem(this.#e,JSON.stringify(e))}catch{}}forget(){try{sessionStorage.removeItem(this.#e)}catch{}}recall(e=Date.now()){try{let t=JSON.parse(sessionStorage.getItem(this.#e)??"null");return!t||e<t.at||M(t,t.sent.expires_in,e)===0?null:t}catch{return null}}};function M(n,e,t=Date.now()){return Math.max(0,Math.ceil(e-(t-n.at)/1e3))}import{countdown as X,digits as T}from"./latchkey.js";async function Q(n){if(!("OTPCredential"in globalThis))return null;try{let e={otp:{transport:["sms"]},signal:n};return(await navigator.credentials.get(e))?.code??null}catch{return null}}function te(n,e,t){let{words:o,signal:i}=n,a=e.sent.channel==="email",m={kind:a?"email":"phone",digits:n.digits},u=new x(o),p=r("bdi",{class:"to"},e.identifier),w=r("p",{part:"text",id:"sent"},...q(k(o.sentTo,{n:n.digits}),"{to}",p)),s=r("input",{part:"input code",class:"code",id:"code",name:"code",type:"text",inputmode:"numeric",autocomplete:"one-time-code",enterkeyhint:"done",spellcheck:"false",dir:"ltr",required:!0,"aria-describedby":"sent alert"}),f=r("button",{part:"button",type:"submit"},o.confirm),b=r("p",{part:"status",class:"status",role:"status"}),d=z(o.again),g=pe(n,e),A=z(o.other),y=r("form",{novalidate:!0},r("h2",{part:"heading"},a?o.checkMail:o.checkPhone),w,b);y.append(r("div",{class:"field"},r("label",{part:"label",for:"code"},o.code),s),u.node,f,r("div",{class:"links"},d,...g?[g.button]:[],A));let v=async()=>{if(!(!C(f)||f.ariaBusy==="true")){if(s.value=T(s.value),!new RegExp(`^[0-9]{${n.digits}}$`).test(s.value))return u.say(k(o.wrongLength,{n:n.digits})),E();f.ariaBusy="true",u.clear();try{await t.prove(s.value)}catch(l){if(i.aborted)return;n.report(l),h(f,!1),u.tell(l,m,()=>h(f,!0),i),E()}finally{f.ariaBusy=null}}},E=()=>{s.setAttribute("aria-invalid","true"),s.focus(),s.select()};s.addEventListener("input",l=>{let{isComposing:c,inputType:I="",data:oe}=l;if(c)return;s.removeAttribute("aria-invalid");let N=T(s.value);N!==s.value&&(s.value=N),!(I.startsWith("delete")||oe?.length===1)&&N.length===n.digits&&v()}),s.addEventListener("compositionend",()=>s.value=T(s.value)),y.addEventListener("submit",l=>{l.preventDefault(),v()});let S=async(l,c)=>{if(!(!C(c)||c.ariaBusy==="true")){c.ariaBusy="true",u.clear();try{await t.again(l)}catch(I){if(i.aborted)return;n.report(I),h(c,!1),u.tell(I,m,()=>h(c,!0),i)}finally{c.ariaBusy=null}}};return d.addEventListener("click",()=>{S(e.channel,d)}),g?.button.addEventListener("click",()=>{S(g.way,g.button)}),A.addEventListener("click",()=>t.other()),X(M(e,e.sent.resend_in),l=>{d.textContent=l?k(o.againIn,{time:W(l)}):o.again;for(let c of[d,g?.button])c&&h(c,l===0)},i),X(M(e,e.sent.expires_in),l=>l||u.say(o.expired),i),ee(b,"queued",o.onItsWay),n.client.watchDelivery(e.sent.delivery_id,({status:l})=>ee(b,l,fe(l,a,n)),i).catch(n.report),a||Q(i).then(l=>{l===null||i.aborted||(s.value=T(l),v())}),{node:y,focus:()=>s.focus()}}function z(n){return r("button",{part:"link",class:"link",type:"button"},n)}function pe({channels:n,words:e},{sent:t}){let o=n.find(i=>i==="sms"||i==="phone");return t.channel==="whatsapp"&&o?{way:o,button:z(e.bySms)}:t.channel==="phone"&&n.includes("whatsapp")?{way:"whatsapp",button:z(e.byWhatsapp)}:null}function ee(n,e,t){n.dataset.state=e,n.textContent!==t&&(n.textContent=t)}function fe(n,e,{words:t}){return n==="queued"||n==="sent"?t.onItsWay:n==="delivered"||n==="read"?e?t.deliveredMail:t.delivered:n==="failed"?t.undelivered:t.cameBack}var ge=`
:host {
  --_accent: var(--latchkey-accent, #1d4ed8);
  --_accent-ink: var(--latchkey-accent-ink, #fff);
  --_surface: var(--latchkey-surface, #fff);
  --_ink: var(--latchkey-ink, #17191e);
  --_quiet: var(--latchkey-quiet, #565e6c);
  --_line: var(--latchkey-line, #868e9c);
  --_bad: var(--latchkey-bad, #b3261e);
  --_good: var(--latchkey-good, #17703f);
  --_radius: var(--latchkey-radius, .625rem);
  display: block;
  max-inline-size: 26rem;
  color: var(--_ink);
  font-family: var(--latchkey-font, inherit);
  font-size: 1rem;
  line-height: 1.5;
  text-align: start;
}
/* By the page's own color-scheme: a page that is always light stays light. */
@supports (color: light-dark(#000, #fff)) {
  :host {
    --_accent: var(--latchkey-accent, light-dark(#1d4ed8, #a9c1ff));
    --_accent-ink: var(--latchkey-accent-ink, light-dark(#fff, #0b1738));
    --_surface: var(--latchkey-surface, light-dark(#fff, #14161b));
    --_ink: var(--latchkey-ink, light-dark(#17191e, #eceef2));
    --_quiet: var(--latchkey-quiet, light-dark(#565e6c, #a7aebb));
    --_line: var(--latchkey-line, light-dark(#868e9c, #6d7583));
    --_bad: var(--latchkey-bad, light-dark(#b3261e, #ffb4ab));
    --_good: var(--latchkey-good, light-dark(#17703f, #7fdba5));
  }
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
form, .done { display: flex; flex-direction: column; margin: 0; }
:is(form, .done) > * + * { margin-block-start: 1rem; }
h2 { margin: 0; font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; text-wrap: balance; }
p { margin: 0; }
.to { font-weight: 600; overflow-wrap: anywhere; }
.field { display: grid; gap: .375rem; }
label, legend { font-weight: 600; font-size: .9375rem; padding: 0; }
.quiet { color: var(--_quiet); font-size: .9375rem; }
input:not([type="radio"]) {
  inline-size: 100%;
  min-block-size: 3rem;
  padding: .5rem .875rem;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  background: var(--_surface);
  color: inherit;
  font: inherit;
  /* Smaller, and phones zoom in on focus. */
  font-size: max(1rem, 16px);
}
input.code {
  padding-inline: .9em .5em;
  font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
  font-size: 1.75rem;
  font-variant-numeric: tabular-nums;
  letter-spacing: .4em;
  text-align: center;
}
input[aria-invalid="true"] { border-color: var(--_bad); box-shadow: 0 0 0 1px var(--_bad); }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
.done .status:focus { outline: none; }
.ways { margin-inline: 0; padding: 0; border: 0; min-inline-size: 0; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; margin-block-start: .375rem; }
.way {
  display: flex;
  flex: 1;
  align-items: center;
  gap: .625rem;
  min-block-size: 2.75rem;
  padding-inline: .875rem;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  font-weight: 400;
  font-size: 1rem;
  cursor: pointer;
}
.way:has(:checked) { border-color: var(--_accent); box-shadow: 0 0 0 1px var(--_accent); }
.way:has(:focus-visible) { outline: 3px solid var(--_accent); outline-offset: 2px; }
.way input { inline-size: 1.125rem; block-size: 1.125rem; margin: 0; accent-color: var(--_accent); outline: none; }
button { font: inherit; cursor: pointer; }
button[type="submit"] {
  position: relative;
  min-block-size: 3rem;
  padding: .5rem 1.25rem;
  border: 1px solid transparent;
  border-radius: var(--_radius);
  background: var(--_accent);
  color: var(--_accent-ink);
  font-weight: 600;
  transition: filter .15s;
}
button[type="submit"]:hover { filter: brightness(1.08); }
button[aria-disabled="true"] { cursor: default; }
button[type="submit"][aria-disabled="true"] { background: none; border-color: var(--_line); color: var(--_quiet); filter: none; }
button[aria-busy="true"] { cursor: progress; }
button[type="submit"][aria-busy="true"]::after {
  content: "";
  position: absolute;
  inset-inline-end: 1rem;
  inset-block-start: calc(50% - .5rem);
  inline-size: 1rem;
  block-size: 1rem;
  border: 2px solid currentColor;
  border-inline-end-color: transparent;
  border-radius: 50%;
  animation: turn .8s linear infinite;
}
.links { display: flex; flex-wrap: wrap; column-gap: 1.25rem; }
.link {
  min-block-size: 2.75rem;
  min-inline-size: 2.75rem;
  padding: 0;
  border: 0;
  border-radius: .25rem;
  background: none;
  color: var(--_accent);
  font-size: .9375rem;
  text-align: start;
  text-decoration: underline;
  text-decoration-thickness: 1px;
  text-underline-offset: .2em;
  font-variant-numeric: tabular-nums;
}
.link:hover { text-decoration-thickness: 2px; }
.link[aria-disabled="true"] { color: var(--_quiet); text-decoration: none; }
/* An empty alert stays where it is, so that what comes into it is read out; it takes no room. */
.notice:has(.alert:empty) { margin-block-start: 0; }
.alert { color: var(--_bad); font-size: .9375rem; }
[role="timer"] { margin-block-start: .25rem; font-variant-numeric: tabular-nums; }
.status { display: flex; align-items: baseline; gap: .625rem; color: var(--_quiet); font-size: .9375rem; }
.status::before {
  content: "";
  flex: none;
  inline-size: .625rem;
  block-size: .625rem;
  border: 2px solid currentColor;
  border-radius: 50%;
}
.status:is([data-state="queued"], [data-state="sent"])::before { animation: breathe 1.6s ease-in-out infinite; }
.status:is([data-state="delivered"], [data-state="read"]) { color: var(--_good); }
.status:is([data-state="delivered"], [data-state="read"])::before {
  inline-size: .4375rem;
  block-size: .8125rem;
  border-width: 0 2.5px 2.5px 0;
  border-radius: 1px;
  rotate: 42deg;
  translate: 0 -1px;
}
.status:is([data-state="bounced"], [data-state="failed"], [data-state="complained"]) { color: var(--_bad); }
.status:is([data-state="bounced"], [data-state="failed"], [data-state="complained"])::before { background: currentColor; }
.done .status { font-size: 1.125rem; }
.view { animation: arrive .18s ease-out; }
@keyframes arrive { from { opacity: 0; translate: 0 .25rem; } }
@keyframes turn { to { rotate: 1turn; } }
@keyframes breathe { 50% { opacity: .3; } }
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) {
  button[type="submit"] { border-color: ButtonText; }
}
`,_;function ne(){return _||(_=new CSSStyleSheet,_.replaceSync(ge)),_}var ye=["email","sms","phone","whatsapp"],ve=globalThis.HTMLElement??Object,D=class extends ve{static observedAttributes="base-url channels locale source-url storage code-length identifier reauthenticate".split(" ");#e=this.attachShadow({mode:"open",delegatesFocus:!0});#n=null;#o=null;#i=new AbortController;#s=()=>{};#t=null;#l=!1;constructor(){super(),this.#e.adoptedStyleSheets=[ne()]}set client(e){this.#n=e,this.#d()}get client(){return this.#n??(this.#o??=be(this.#k()))}connectedCallback(){this.#d(),this.hasAttribute("autofocus")&&this.focus()}disconnectedCallback(){this.#u()}attributeChangedCallback(e,t,o){t===o||!this.isConnected||(["base-url","source-url","storage"].includes(e)&&this.#m(),this.#d())}reset(){this.#a().forget(),this.#t=null,this.#l=!1,this.isConnected&&this.#p()}#d(){if(this.#u(),!this.isConnected)return;let{client:e}=this;this.#s=e.onSessionChange(()=>this.#h()),this.#t??=this.#a().recall(),e.session&&!this.#c?this.#r(L):this.#t?this.#g(this.#t):this.#p(),e.ready.then(()=>this.isConnected&&e===this.client&&this.#h())}#u(){this.#i.abort(),this.#s(),this.#s=()=>{},this.isConnected||this.#m()}#m(){this.#o?.close(),this.#o=null}get#c(){return this.hasAttribute("reauthenticate")&&!this.#l}#h(){let e=this.client.session!==null,t=this.#e.querySelector(".done")!==null;e&&!t&&!this.#c&&this.#r(L),!e&&t&&this.reset()}#p(){let e=this.getAttribute("identifier")??"";this.#r(t=>J(t,e,o=>this.#f(t,o)))}async#f(e,{identifier:t,channel:o}){let{locale:i}=B(this),a={identifier:t,...o&&{channel:o},...i&&{locale:i}},m=await e.client.requestCode(a);e.signal.aborted||(this.#t={identifier:t,channel:o,sent:m,at:Date.now()},this.#a().keep(this.#t),this.#g(this.#t).focus())}#g(e){let{identifier:t}=e;return this.#r(o=>te(o,e,{prove:i=>this.#y(o,{identifier:t,code:i,channel:e.sent.channel}),again:i=>this.#f(o,{identifier:t,channel:i}),other:()=>{this.reset(),this.focus()}}))}async#y(e,t){let o=await e.client.verifyCode(t);this.#a().forget(),this.#t=null,this.#l=!0,this.isConnected&&this.#r(L).focus(),this.#b("latchkey-signed-in",o)}#r(e){this.#i.abort(),this.#i=new AbortController;let{words:t,language:o}=B(this),i=e({client:this.client,words:t,channels:this.#v(),digits:Number.parseInt(this.getAttribute("code-length")??"",10)||6,again:this.#c,signal:this.#i.signal,report:a=>this.#b("latchkey-error",a)});return this.#e.replaceChildren(r("div",{class:"view",lang:o,dir:"ltr"},i.node)),i}#v(){let e=(this.getAttribute("channels")??"email").split(/[\s,]+/).filter(t=>ye.includes(t));return e.length?e:["email"]}#k(){let e=this.getAttribute("storage"),t=this.getAttribute("source-url");return{baseUrl:this.getAttribute("base-url")??"",...e&&{storage:e},...t&&{sourceUrl:t}}}#a(){return new P(this.getAttribute("base-url")??"")}#b(e,t){this.dispatchEvent(new CustomEvent(e,{detail:t,bubbles:!0,composed:!0}))}};globalThis.customElements&&!customElements.get("latchkey-sign-in")&&customElements.define("latchkey-sign-in",D);export{D as LatchkeySignIn};
