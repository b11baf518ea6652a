// SPDX-License-Identifier: GPL-3.0-or-later
//
// Staged negotiations, from the contents that clients send to the words beside the ladder: each broken one is
// named, and a good one is never suspected.
#include "admin-gui/models/verdict.h"
#include "tests/admin-gui/support/callscript.h"

#include <QTest>

using namespace msgsrv::console;
using namespace msgsrv::console::test;
using Code = Verdict::Code;
using Outcome = FlowMessage::Outcome;

namespace {

const QString alice = QStringLiteral("alice");
const QString bob = QStringLiteral("bob");
const QString carol = QStringLiteral("carol");

const QString host = candidateLine(QStringLiteral("host"), QStringLiteral("192.168.1.20"));
const QString host6 = candidateLine(QStringLiteral("host"), QStringLiteral("fd00::1c2"));
const QString mdns
    = candidateLine(QStringLiteral("host"), QStringLiteral("4f1c2b7e-0f3d-4ad9-9f3d-8a2a4e1f1f6c.local"));
const QString srflx = candidateLine(QStringLiteral("srflx"), QStringLiteral("84.17.3.9"));
const QString relay = candidateLine(QStringLiteral("relay"), QStringLiteral("9.9.9.9"));
const QStringList whole{mdns, host, srflx, relay};

Description offer(Browser browser = Browser::Chromium)
{
    return {.browser = browser};
}

Description answer(Browser browser = Browser::Chromium)
{
    return {.browser = browser, .answer = true};
}

QString describe(const std::vector<Verdict> &verdicts)
{
    QStringList sentences;
    for (const Verdict &verdict : verdicts)
        sentences << verdict.sentence;
    return sentences.join(QLatin1Char('\n'));
}

QList<int> codes(const std::vector<Verdict> &verdicts)
{
    QList<int> all;
    for (const Verdict &verdict : verdicts)
        all << int(verdict.code);
    std::sort(all.begin(), all.end());
    return all;
}

/// A call that comes up, after which nothing is wrong, whatever was said before.
void goodCall(CallScript &script, const QString &from, const QString &to, Browser caller = Browser::Chromium,
              Browser called = Browser::Chromium)
{
    script.describe(from, to, offer(caller)).candidates(from, to, whole);
    script.describe(to, from, answer(called)).candidates(to, from, whole);
}

struct Broken
{
    const char *name;
    QList<Code> expected;
    void (*stage)(CallScript &);
};

const Broken brokenOnes[] = {
    {"both offer at once, the polite side gives way",
     {Code::Glare},
     [](CallScript &script) {
         script.describe(alice, bob, offer()).describe(bob, alice, offer());
         script.describe(alice, bob, answer()).candidates(alice, bob, whole).candidates(bob, alice, whole);
     }},
    {"both offer at once, candidates between",
     {Code::Glare},
     [](CallScript &script) {
         script.describe(alice, bob, offer(Browser::Firefox)).candidates(alice, bob, whole);
         script.describe(bob, alice, offer(Browser::Safari)).candidates(bob, alice, whole);
         script.describe(bob, alice, answer(Browser::Safari));
     }},
    {"both offer at once and nobody answers",
     {Code::Glare, Code::AnswerMissing},
     [](CallScript &script) { script.describe(alice, bob, offer()).describe(bob, alice, offer()); }},
    {"delivered and never answered",
     {Code::AnswerMissing},
     [](CallScript &script) { script.describe(alice, bob, offer()).candidates(alice, bob, whole); }},
    {"waits in the queue and is never answered",
     {Code::AnswerMissing},
     [](CallScript &script) { script.describe(alice, bob, offer(), Outcome::Waiting); }},
    {"a renegotiation is never answered",
     {Code::AnswerMissing},
     [](CallScript &script) {
         goodCall(script, alice, bob);
         Description more = offer();
         more.version = 3;
         script.wait(30'000).describe(bob, alice, more);
     }},
    {"of two callees one never answers",
     {Code::AnswerMissing},
     [](CallScript &script) {
         script.describe(alice, bob, offer()).describe(alice, carol, offer());
         script.candidates(alice, bob, whole).candidates(alice, carol, whole);
         script.describe(bob, alice, answer()).candidates(bob, alice, whole);
     }},
    {"the called hangs up before an answer",
     {Code::ClosedInTheMiddle},
     [](CallScript &script) {
         script.describe(alice, bob, offer()).candidates(alice, bob, whole).wait(4000).bye(bob, alice);
     }},
    {"the caller gives up",
     {Code::ClosedInTheMiddle},
     [](CallScript &script) {
         script.describe(alice, bob, offer()).wait(25'000).bye(alice, bob).candidates(alice, bob, {relay});
     }},
    {"the caller's candidates overtake its offer",
     {Code::CandidatesBeforeDescription},
     [](CallScript &script) {
         script.candidates(alice, bob, {mdns, srflx, relay}).describe(alice, bob, offer());
         script.describe(bob, alice, answer()).candidates(bob, alice, whole);
     }},
    {"the called's candidates overtake its answer",
     {Code::CandidatesBeforeDescription},
     [](CallScript &script) {
         script.describe(alice, bob, offer(Browser::Firefox)).candidates(alice, bob, whole);
         script.candidates(bob, alice, whole).describe(bob, alice, answer(Browser::Firefox));
     }},
    {"the second call's candidates come before its offer",
     {Code::CandidatesBeforeDescription},
     [](CallScript &script) {
         goodCall(script, alice, bob);
         script.bye(alice, bob).wait(60'000).candidates(bob, alice, {host, relay});
         script.describe(bob, alice, offer()).describe(alice, bob, answer()).candidates(alice, bob, whole);
     }},
    {"the offer is dropped by a full queue",
     {Code::DescriptionLost},
     [](CallScript &script) {
         script.describe(alice, bob, offer(), Outcome::Dropped, QStringLiteral("queue_full"));
     }},
    {"the offer is for somebody who is not there",
     {Code::DescriptionLost},
     [](CallScript &script) {
         script.describe(alice, bob, offer(), Outcome::Refused, QStringLiteral("recipient_unknown"));
     }},
    {"the answer is dropped",
     {Code::DescriptionLost},
     [](CallScript &script) {
         script.describe(alice, bob, offer()).candidates(alice, bob, whole);
         script.describe(bob, alice, answer(), Outcome::Dropped, QStringLiteral("connection_lost"));
     }},
    {"no video codec in common",
     {Code::NoCommonCodec},
     [](CallScript &script) {
         Description one = offer();
         one.videoCodecs = {QStringLiteral("96 VP8/90000"), QStringLiteral("97 rtx/90000")};
         Description other = answer();
         other.videoCodecs = {QStringLiteral("102 H264/90000"), QStringLiteral("103 rtx/90000")};
         script.describe(alice, bob, one).candidates(alice, bob, whole);
         script.describe(bob, alice, other).candidates(bob, alice, whole);
     }},
    {"no audio codec in common, one of them without a line",
     {Code::NoCommonCodec},
     [](CallScript &script) {
         Description one = offer();
         one.audioCodecs = {QStringLiteral("111 opus/48000/2"), QStringLiteral("110 telephone-event/48000")};
         Description other = answer(Browser::Safari);
         other.audioCodecs = {QStringLiteral("0 PCMU/8000"), QStringLiteral("110 telephone-event/8000")};
         script.describe(alice, bob, one).candidates(alice, bob, whole);
         script.describe(bob, alice, other).candidates(bob, alice, whole);
     }},
    {"the answer takes neither sound nor picture",
     {Code::NoCommonCodec},
     [](CallScript &script) {
         Description other = answer();
         other.rejectAudio = other.rejectVideo = true;
         script.describe(alice, bob, offer()).candidates(alice, bob, whole);
         script.describe(bob, alice, other).candidates(bob, alice, whole);
     }},
    {"one side has .local names only",
     {Code::OnlyMdns},
     [](CallScript &script) {
         script.describe(alice, bob, offer()).candidates(alice, bob, whole);
         script.describe(bob, alice, answer()).candidates(bob, alice, {mdns});
     }},
    {"both sides have .local names only, inside of the descriptions",
     {Code::OnlyMdns},
     [](CallScript &script) {
         Description one = offer();
         Description other = answer();
         one.candidates = other.candidates = {mdns};
         script.describe(alice, bob, one).describe(bob, alice, other);
     }},
    {"one side has its own addresses only",
     {Code::OnlyHost},
     [](CallScript &script) {
         script.describe(alice, bob, offer()).batch(alice, bob, {mdns, host, host6});
         script.describe(bob, alice, answer()).candidates(bob, alice, whole);
     }},
    {"STUN works and there is no relay",
     {Code::NoRelay},
     [](CallScript &script) {
         script.describe(alice, bob, offer(Browser::Safari)).candidates(alice, bob, {mdns, srflx});
         script.describe(bob, alice, answer()).candidates(bob, alice, {host, srflx});
         script.endOfCandidates(alice, bob).endOfCandidates(bob, alice);
     }},
};

/// Kinds of good calls; each is told in several ways (see goodOnes_data).
using Stage = void (*)(CallScript &, Browser, Browser);
struct Good
{
    const char *name;
    Stage stage;
};

const Good goodOnes[] = {
    {"trickle", [](CallScript &script, Browser a, Browser b) { goodCall(script, alice, bob, a, b); }},
    {"all candidates inside of the descriptions",
     [](CallScript &script, Browser a, Browser b) {
         Description one = offer(a);
         Description other = answer(b);
         one.candidates = other.candidates = whole;
         script.describe(alice, bob, one).describe(bob, alice, other);
     }},
    {"half trickle, and the end of candidates",
     [](CallScript &script, Browser a, Browser b) {
         Description one = offer(a);
         one.candidates = {host};
         script.describe(alice, bob, one).candidates(alice, bob, {srflx, relay}).endOfCandidates(alice, bob);
         script.describe(bob, alice, answer(b)).candidates(bob, alice, whole).endOfCandidates(bob, alice);
     }},
    {"candidates of both sides cross",
     [](CallScript &script, Browser a, Browser b) {
         script.describe(alice, bob, offer(a)).candidate(alice, bob, host).describe(bob, alice, answer(b));
         for (const QString &line : whole)
             script.candidate(bob, alice, line).candidate(alice, bob, line);
     }},
    {"several candidates in one message",
     [](CallScript &script, Browser a, Browser b) {
         script.describe(alice, bob, offer(a)).batch(alice, bob, whole);
         script.describe(bob, alice, answer(b)).batch(bob, alice, {host, srflx}).batch(bob, alice, {relay});
     }},
    {"it rings for half a minute",
     [](CallScript &script, Browser a, Browser b) {
         script.describe(alice, bob, offer(a)).candidates(alice, bob, whole);
         script.wait(27'000).describe(bob, alice, answer(b)).candidates(bob, alice, whole);
     }},
    {"video is added later, by the called",
     [](CallScript &script, Browser a, Browser b) {
         Description one = offer(a);
         Description other = answer(b);
         one.video = other.video = false;
         script.describe(alice, bob, one)
             .candidates(alice, bob, whole)
             .describe(bob, alice, other)
             .candidates(bob, alice, whole);
         Description more = offer(b);
         more.version = 3;
         script.wait(40'000).describe(bob, alice, more).describe(alice, bob, answer(a));
     }},
    {"on hold and back",
     [](CallScript &script, Browser a, Browser b) {
         goodCall(script, alice, bob, a, b);
         for (const char *direction : {"inactive", "sendrecv"}) {
             Description one = offer(a);
             Description other = answer(b);
             one.direction = other.direction = QLatin1String(direction);
             script.wait(5000).describe(alice, bob, one).describe(bob, alice, other);
         }
     }},
    {"ICE is restarted",
     [](CallScript &script, Browser a, Browser b) {
         goodCall(script, alice, bob, a, b);
         script.wait(90'000);
         goodCall(script, bob, alice, b, a);
     }},
    {"data only",
     [](CallScript &script, Browser a, Browser b) {
         Description one = offer(a);
         Description other = answer(b);
         one.audio = one.video = other.audio = other.video = false;
         script.describe(alice, bob, one)
             .candidates(alice, bob, whole)
             .describe(bob, alice, other)
             .candidates(bob, alice, whole);
     }},
    {"a telephone: only G.711, without its line",
     [](CallScript &script, Browser a, Browser) {
         Description one = offer(a);
         Description other = answer(Browser::Safari);
         other.audioCodecs = {QStringLiteral("0 PCMU/8000"), QStringLiteral("101 telephone-event/8000")};
         other.rejectVideo = true;
         script.describe(alice, bob, one)
             .candidates(alice, bob, whole)
             .describe(bob, alice, other)
             .candidates(bob, alice, whole);
     }},
    {"the called has no camera",
     [](CallScript &script, Browser a, Browser b) {
         Description other = answer(b);
         other.rejectVideo = true;
         script.describe(alice, bob, offer(a))
             .candidates(alice, bob, whole)
             .describe(bob, alice, other)
             .candidates(bob, alice, whole);
     }},
    {"one transport for all from the beginning",
     [](CallScript &script, Browser a, Browser b) {
         Description one = offer(a);
         one.bundleOnly = true;
         script.describe(alice, bob, one)
             .candidates(alice, bob, whole)
             .describe(bob, alice, answer(b))
             .candidates(bob, alice, whole);
     }},
    {"a media server with a public address",
     [](CallScript &script, Browser a, Browser b) {
         Description other = answer(b);
         other.iceLite = true;
         other.candidates = {candidateLine(QStringLiteral("host"), QStringLiteral("9.9.9.10"))};
         script.describe(alice, bob, offer(a))
             .candidates(alice, bob, {mdns, srflx})
             .describe(bob, alice, other);
     }},
    {"called, hung up with candidates under way, called back",
     [](CallScript &script, Browser a, Browser b) {
         goodCall(script, alice, bob, a, b);
         script.wait(8000).bye(alice, bob).candidate(bob, alice, relay).candidate(alice, bob, relay);
         script.wait(20'000);
         goodCall(script, bob, alice, b, a);
         script.bye(alice, bob);
     }},
    {"the first offer found nobody, the next one did",
     [](CallScript &script, Browser a, Browser b) {
         script.describe(alice, bob, offer(a), Outcome::Refused, QStringLiteral("recipient_unknown"))
             .wait(3000);
         goodCall(script, alice, bob, a, b);
     }},
    {"an answer for now, then the answer",
     [](CallScript &script, Browser a, Browser b) {
         script.describe(alice, bob, offer(a)).candidates(alice, bob, whole);
         script.say(bob, alice,
                    QJsonObject{{QStringLiteral("type"), QStringLiteral("pranswer")},
                                {QStringLiteral("sdp"), answer(b).text()}});
         script.candidates(bob, alice, whole).wait(12'000).describe(bob, alice, answer(b));
     }},
    {"three call each other",
     [](CallScript &script, Browser a, Browser b) {
         script.describe(alice, bob, offer(a))
             .describe(alice, carol, offer(a))
             .describe(bob, carol, offer(b));
         script.candidates(alice, carol, whole).candidates(alice, bob, whole).candidates(bob, carol, whole);
         script.describe(carol, bob, answer())
             .describe(bob, alice, answer(b))
             .describe(carol, alice, answer());
         script.candidates(carol, bob, whole).candidates(bob, alice, whole).candidates(carol, alice, whole);
     }},
    {"somebody looks in the middle of it",
     [](CallScript &script, Browser a, Browser b) {
         script.describe(alice, bob, offer(a)).forget();
         script.candidates(alice, bob, {srflx, relay})
             .describe(bob, alice, answer(b))
             .candidates(bob, alice, whole);
     }},
    {"the console missed some of it, and people chat",
     [](CallScript &script, Browser a, Browser b) {
         script.text(alice, bob, QStringLiteral("offer: shall we talk? I'll answer."))
             .describe(alice, bob, offer(a));
         script.candidate(alice, bob, relay).gap().candidates(bob, alice, {host, relay});
         script.text(bob, alice, QStringLiteral("{\"no\":\"candidate\"}"));
         Q_UNUSED(b)
     }},
};

} // namespace

class TestNegotiationProof : public QObject
{
    Q_OBJECT

private slots:
    void brokenOnesAreNamed_data();
    void brokenOnesAreNamed();
    void goodOnesAreLeftInPeace_data();
    void goodOnesAreLeftInPeace();
    void nothingIsSaidTooEarly();
    void noSecretIsInWhatIsJudged();
};

/// Each in every wrapping: what it is called must not depend on it.
void TestNegotiationProof::brokenOnesAreNamed_data()
{
    QTest::addColumn<int>("which");
    static_assert(std::size(brokenOnes) >= 20);
    for (int i = 0; i < int(std::size(brokenOnes)); ++i)
        QTest::newRow(brokenOnes[i].name) << i;
}

void TestNegotiationProof::brokenOnesAreNamed()
{
    QFETCH(int, which);
    const Broken &broken = brokenOnes[which];
    QList<int> expected;
    for (const Code code : broken.expected)
        expected << int(code);
    std::sort(expected.begin(), expected.end());
    for (int wrapping = 0; wrapping < int(Wrapping::Count); ++wrapping) {
        CallScript script{unsigned(which)};
        script.setWrapping(Wrapping(wrapping));
        broken.stage(script);
        const auto verdicts = judge(script.messages(), script.now() + 60'000);
        QVERIFY2(codes(verdicts) == expected,
                 qPrintable(QStringLiteral("wrapping %1: %2").arg(wrapping).arg(describe(verdicts))));
    }
}

/// Each kind told by five pairs of browsers, each pair with another wrapping and other times: 100 in all.
void TestNegotiationProof::goodOnesAreLeftInPeace_data()
{
    QTest::addColumn<int>("which");
    QTest::addColumn<int>("pair");
    static_assert(std::size(goodOnes) * 5 >= 100);
    for (int i = 0; i < int(std::size(goodOnes)); ++i) {
        for (int pair = 0; pair < 5; ++pair)
            QTest::addRow("%s, %d", goodOnes[i].name, pair) << i << pair;
    }
}

void TestNegotiationProof::goodOnesAreLeftInPeace()
{
    QFETCH(int, which);
    QFETCH(int, pair);
    static constexpr std::pair<Browser, Browser> pairs[] = {{Browser::Chromium, Browser::Chromium},
                                                            {Browser::Chromium, Browser::Firefox},
                                                            {Browser::Firefox, Browser::Safari},
                                                            {Browser::Safari, Browser::Chromium},
                                                            {Browser::Firefox, Browser::Firefox}};
    CallScript script{unsigned(which * 5 + pair)};
    script.setWrapping(Wrapping((which + pair) % int(Wrapping::Count)));
    goodOnes[which].stage(script, pairs[pair].first, pairs[pair].second);
    for (const qint64 later : {0, 7'000, 60'000, 3'600'000}) {
        const auto verdicts = judge(script.messages(), script.now() + later);
        QVERIFY2(verdicts.empty(),
                 qPrintable(QStringLiteral("%1 ms later: %2").arg(later).arg(describe(verdicts))));
    }
}

/// While candidates still come, their kinds say nothing; and an offer has its time.
void TestNegotiationProof::nothingIsSaidTooEarly()
{
    CallScript script;
    script.describe(alice, bob, offer()).candidate(alice, bob, mdns);
    QVERIFY(judge(script.messages(), script.now() + 1000).empty());
    QCOMPARE(codes(judge(script.messages(), script.now() + 8000)), QList<int>{int(Code::OnlyMdns)});
    QCOMPARE(codes(judge(script.messages(), script.now() + 11'000)),
             (QList<int>{int(Code::AnswerMissing), int(Code::OnlyMdns)}));
}

void TestNegotiationProof::noSecretIsInWhatIsJudged()
{
    for (int wrapping = 0; wrapping < int(Wrapping::Count); ++wrapping) {
        CallScript script;
        script.setWrapping(Wrapping(wrapping));
        goodCall(script, alice, bob);
        for (const FlowMessage *message : script.messages())
            QVERIFY(!message->payload.contains(QLatin1String("verysecret")));
    }
}

QTEST_GUILESS_MAIN(TestNegotiationProof)
#include "tst_negotiationproof.moc"
