"""Words that say little by themselves, by language, for Preprocess Text (modules reference, 112)."""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS: Mapping[str, frozenset[str]] = {
    "English": _words("""
        a about above across after afterwards again against all almost alone along already also although
        always am among amongst an and another any anyhow anyone anything anyway anywhere are around as at
        back be became because become becomes becoming been before beforehand behind being below beside
        besides between beyond both bottom but by call can cannot con could describe do done down due during
        each eight either eleven else elsewhere empty enough etc even ever every everyone everything
        everywhere except few fifteen fifty find first five for former formerly forty found four from front
        full further get give go had has have he hence her here hereafter hereby herein hereupon hers herself
        him himself his how however hundred i if in indeed into is it its itself keep last latter latterly
        least less made many may me meanwhile might mine more moreover most mostly move much must my myself
        name namely neither never nevertheless next nine no nobody none noone nor not nothing now nowhere of
        off often on once one only onto or other others otherwise our ours ourselves out over own part per
        perhaps please put rather same see seem seemed seeming seems serious several she should show side
        since six sixty so some somehow someone something sometime sometimes somewhere still such take ten
        than that the their them themselves then thence there thereafter thereby therefore therein thereupon
        these they third this those though three through throughout thru thus to together too top toward
        towards twelve twenty two under until up upon us very via was we well were what whatever when whence
        whenever where whereafter whereas whereby wherein whereupon wherever whether which while whither who
        whoever whole whom whose why will with within without would yet you your yours yourself yourselves
    """),
    "Dutch": _words("""
        aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een eens en
        er ge geen geweest haar had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan
        kon kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons ook op
        over reeds te tegen toch toen tot u uit uw van veel voor want waren was wat werd wezen wie wil worden
        wordt zal ze zelf zich zij zijn zo zonder zou
    """),
    "French": _words("""
        ai ainsi alors après as au aucun aura aussi autre aux avait avant avec avez avoir avons bien c car ce
        ceci cela celle celles celui ces cet cette ceux chaque chez ci comme comment contre d dans de depuis
        des donc dont du elle elles en encore entre es est et eu eux fait faut fut il ils j je jusque l la le
        les leur leurs lors lorsque lui là m ma mais me mes moi moins mon même n ne ni nos notre nous on ont
        ou où par parce pas pendant peu peut plus pour pourquoi qu quand que quel quelle quelles quels qui
        quoi s sa sans se selon ses si soi son sont sous sur t ta te tes toi ton tous tout toute toutes très
        tu un une vers vos votre vous y à étaient était êtes être
    """),
    "German": _words("""
        aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf
        aus bei beim bin bis bist da dadurch daher damit dann daran darauf darum das dass dazu dein deine
        deinem deinen deiner dem den denn der deren des dessen dich die dies diese diesem diesen dieser dieses
        dir doch dort du durch ein eine einem einen einer eines er es etwas euch euer eure für gegen gewesen
        hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in
        indem ins ist jede jedem jeden jeder jedes jene jenem jenen jener jenes jetzt kann kein keine keinem
        keinen keiner können könnte machen man manche mein meine meinem meinen meiner mich mir mit muss musste
        nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seit selbst sich sie
        sind so solche soll sollte sondern sonst um und uns unser unsere unter viel vom von vor war waren was
        weg weil weiter welche welchem welchen welcher wenn wer werde werden wie wieder will wir wird wirst wo
        wollen wollte wurde wurden während würde zu zum zur zwar zwischen über
    """),
    "Italian": _words("""
        a abbia abbiamo ad agli ai al alla alle allo anche avere aveva avevano c che chi ci coi col come con
        contro cui d da dagli dai dal dalla dalle dallo degli dei del dell della delle dello di dov dove e
        ebbe ed era erano essere fa fra gli ha hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia
        mie miei mio ne negli nei nel nella nelle nello noi non nostra nostre nostri nostro o per perché più
        quale quanta quante quanti quanto quella quelle quelli quello questa queste questi questo se sei si
        sia siamo siano siete sono sta stata state stati stato su sua sue sugli sui sul sulla sulle sullo suo
        suoi ti tra tu tua tue tuo tuoi tutti tutto un una uno vi voi vostra vostre vostri vostro è
    """),
    "Spanish": _words("""
        a al algo alguna algunas alguno algunos ante antes aquel aquella aquellas aquellos aquí así aunque aún
        bajo bien cada casi como con contra cual cuales cuando cuanto de del desde después donde dos durante e
        el ella ellas ellos en entonces entre era eran es esa esas ese eso esos esta estaba estar estas este
        esto estos está están fue fueron ha había han hasta hay hoy la las le les lo los luego me mi mientras
        mis mucha muchas mucho muchos muy más mí nada ni no nos nosotros nuestra nuestras nuestro nuestros o
        os otra otras otro otros para pero poco por porque pues que quien quienes quién qué se sea según ser
        si sido siempre sin sobre sois solo somos son soy su sus sí también tan tanto te tengo ti tiene tienen
        toda todas todo todos tu tus tú un una unas uno unos usted ustedes vosotros y ya yo él
    """),
}
