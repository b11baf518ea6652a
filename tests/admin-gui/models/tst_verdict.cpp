// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/checklist.h"
#include "admin-gui/models/verdict.h"

#include <QTest>

using namespace msgsrv::console;
using Code = Verdict::Code;
using Kind = FlowMessage::Kind;
using Outcome = FlowMessage::Outcome;
using Codes = QList<int>;

namespace {

constexpr qint64 start = 1'000'000;

/// Lets a test write a negotiation down as "a>b offer" lines, with a payload where it matters.
class Story
{
public:
    Story &say(const char *from, const char *to, Kind kind, const QString &payload = {},
               Outcome outcome = Outcome::Delivered)
    {
        FlowMessage one;
        one.seq = m_messages.size() + 1;
        one.ts = start + static_cast<qint64>(m_messages.size()) * 100;
        one.from = QLatin1String(from);
        one.to = QLatin1String(to);
        one.kind = kind;
        one.payload = payload;
        one.outcome = outcome;
        m_messages.push_back(one);
        return *this;
    }
    Codes codes(qint64 later = 60'000) const
    {
        Codes codes;
        for (const Verdict &verdict : judge(all(), start + later))
            codes.append(int(verdict.code));
        return codes;
    }
    std::vector<const FlowMessage *> all() const
    {
        std::vector<const FlowMessage *> pointers;
        for (const FlowMessage &one : m_messages)
            pointers.push_back(&one);
        return pointers;
    }

private:
    std::vector<FlowMessage> m_messages;
};

QString sdp(const char *codec)
{
    return QStringLiteral("{\"type\":\"offer\",\"sdp\":\"v=0\\r\\nm=video 9 UDP/TLS/RTP/SAVPF 96 "
                          "97\\r\\na=rtpmap:96 %1/90000\\r\\na=rtpmap:97 rtx/90000\\r\\n\"}")
        .arg(QLatin1String(codec));
}

QString candidate(const char *address, const char *type)
{
    return QStringLiteral("{\"candidate\":\"candidate:1 1 udp 2122260223 %1 50000 typ %2\"}")
        .arg(QLatin1String(address), QLatin1String(type));
}

Story good(const QString &payload = {}, const QString &answer = {})
{
    Story story;
    story.say("a", "b", Kind::Offer, payload)
        .say("a", "b", Kind::Candidate)
        .say("b", "a", Kind::Answer, answer)
        .say("b", "a", Kind::Candidate);
    return story;
}

} // namespace

class TestVerdict : public QObject
{
    Q_OBJECT

private slots:
    void aGoodOneHasNone()
    {
        QCOMPARE(good().codes(), Codes());
        QCOMPARE(good().say("a", "b", Kind::Bye).codes(), Codes());
        QCOMPARE(good(sdp("VP8"), sdp("VP8")).codes(), Codes());
        // Renegotiation, and a second call after the first
        QCOMPARE(good().say("b", "a", Kind::Offer).say("a", "b", Kind::Answer).codes(), Codes());
        QCOMPARE(good()
                     .say("a", "b", Kind::Bye)
                     .say("b", "a", Kind::Offer)
                     .say("b", "a", Kind::Candidate)
                     .say("a", "b", Kind::Answer)
                     .codes(),
                 Codes());
        QCOMPARE(good()
                     .say("a", "b", Kind::Candidate, candidate("192.0.2.1", "host"))
                     .say("a", "b", Kind::Candidate, candidate("203.0.113.7", "relay"))
                     .codes(),
                 Codes());
        QCOMPARE(Story().codes(), Codes());
    }
    void glare()
    {
        QCOMPARE(
            Story().say("a", "b", Kind::Offer).say("b", "a", Kind::Offer).say("a", "b", Kind::Answer).codes(),
            Codes{int(Code::Glare)});
    }
    void anAnswerIsMissingAfterAWhile()
    {
        const Story story = Story().say("a", "b", Kind::Offer).say("a", "b", Kind::Candidate);
        QCOMPARE(story.codes(5000), Codes());
        QCOMPARE(story.codes(), Codes{int(Code::AnswerMissing)});
    }
    void closedInTheMiddle()
    {
        QCOMPARE(Story().say("a", "b", Kind::Offer).say("a", "b", Kind::Bye).codes(),
                 Codes{int(Code::ClosedInTheMiddle)});
    }
    void candidatesBeforeTheDescription()
    {
        QCOMPARE(Story()
                     .say("a", "b", Kind::Candidate)
                     .say("a", "b", Kind::Offer)
                     .say("b", "a", Kind::Answer)
                     .codes(),
                 Codes{int(Code::CandidatesBeforeDescription)});
    }
    void aDescriptionThatIsLost()
    {
        QCOMPARE(Story().say("a", "b", Kind::Offer, {}, Outcome::Dropped).codes(),
                 Codes{int(Code::DescriptionLost)});
        QCOMPARE(Story().say("a", "b", Kind::Offer).say("b", "a", Kind::Answer, {}, Outcome::Refused).codes(),
                 Codes{int(Code::DescriptionLost)});
    }
    void noCommonCodec() { QCOMPARE(good(sdp("VP8"), sdp("H264")).codes(), Codes{int(Code::NoCommonCodec)}); }
    void onlyMdns()
    {
        QCOMPARE(good().say("a", "b", Kind::Candidate, candidate("7c0f.local", "host")).codes(),
                 Codes{int(Code::OnlyMdns)});
    }
    void onlyHost()
    {
        QCOMPARE(good().say("a", "b", Kind::Candidate, candidate("192.0.2.1", "host")).codes(),
                 Codes{int(Code::OnlyHost)});
    }
    void noRelay()
    {
        QCOMPARE(good().say("a", "b", Kind::Candidate, candidate("192.0.2.1", "srflx")).codes(),
                 Codes{int(Code::NoRelay)});
    }
    void theWorstStandsFirst()
    {
        const Codes codes = Story().say("a", "b", Kind::Candidate).say("a", "b", Kind::Offer).codes();
        QCOMPARE(codes, (Codes{int(Code::AnswerMissing), int(Code::CandidatesBeforeDescription)}));
    }
    void theCheckListTellsHowFarItIs()
    {
        const auto steps = checkList(Story()
                                         .say("a", "b", Kind::Offer)
                                         .say("a", "b", Kind::Candidate)
                                         .say("b", "a", Kind::Answer, {}, Outcome::Dropped)
                                         .all());
        QCOMPARE(steps.size(), 5U);
        QCOMPARE(steps[0].state, NegotiationStep::State::Done);
        QCOMPARE(steps[1].state, NegotiationStep::State::Failed);
        QCOMPARE(steps[2].state, NegotiationStep::State::Done);
        QCOMPARE(steps[3].state, NegotiationStep::State::Open);
        QCOMPARE(steps[4].state, NegotiationStep::State::Open);
    }
};

QTEST_GUILESS_MAIN(TestVerdict)
#include "tst_verdict.moc"
