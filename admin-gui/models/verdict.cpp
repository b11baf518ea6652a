// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/verdict.h"

#include "admin-gui/models/format.h"
#include "admin-gui/models/sdp.h"

#include <QCoreApplication>
#include <QMap>
#include <QSet>

#include <algorithm>

namespace msgsrv::console {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(Verdict)
};

using Kind = FlowMessage::Kind;
using Outcome = FlowMessage::Outcome;

bool isLost(const FlowMessage &message)
{
    return message.outcome == Outcome::Dropped || message.outcome == Outcome::Refused;
}

/// Codecs that carry sound or picture, by media; helpers like retransmission say nothing.
QMap<QString, QSet<QString>> codecsOf(const QString &content)
{
    static const QSet<QString> helpers{QStringLiteral("rtx"),
                                       QStringLiteral("red"),
                                       QStringLiteral("ulpfec"),
                                       QStringLiteral("flexfec-03"),
                                       QStringLiteral("telephone-event"),
                                       QStringLiteral("cn")};
    QMap<QString, QSet<QString>> byMedia;
    for (const Sdp::Section &section : Sdp::parse(Sdp::textIn(content)).sections) {
        for (const QString &codec : section.codecs) {
            const QString name = codec.section(QLatin1Char('/'), 0, 0).toLower();
            if (!helpers.contains(name))
                byMedia[section.media].insert(name);
        }
    }
    return byMedia;
}

/// What one walk over the messages finds out.
class Walk
{
public:
    explicit Walk(qint64 now)
        : m_now(now)
    { }

    void see(const FlowMessage &message)
    {
        switch (message.kind) {
        case Kind::Offer:
            seeOffer(message);
            break;
        case Kind::Answer:
            seeAnswer(message);
            break;
        case Kind::Candidate:
            if (!m_described.contains(message.from) && (m_open != nullptr || m_described.isEmpty()))
                add(Verdict::Code::CandidatesBeforeDescription, Tone::Warning,
                    Words::tr(
                        "%1 sent candidates before its offer or answer; many clients drop such candidates")
                        .arg(message.from));
            break;
        case Kind::Bye:
            if (m_open != nullptr)
                add(Verdict::Code::ClosedInTheMiddle, Tone::Warning,
                    Words::tr("%1 ended it %2 after the offer, before there was an answer")
                        .arg(message.from,
                             format::duration(static_cast<double>(message.ts - m_open->ts) / 1000)));
            m_open = nullptr;
            m_described.clear();
            break;
        default:
            break;
        }
        if (!message.payload.isEmpty()) {
            for (const IceCandidate &candidate : IceCandidate::allIn(message.payload)) {
                m_candidates[message.from].insert(candidate.type);
                (candidate.isMdns() ? m_mdns : m_plain)[message.from] += 1;
            }
        }
    }

    std::vector<Verdict> finish()
    {
        if (m_open != nullptr && m_now - m_open->ts > answerPatience)
            add(Verdict::Code::AnswerMissing, Tone::Bad,
                Words::tr("%1 offered %2 ago and %3 never answered")
                    .arg(m_open->from, format::duration(static_cast<double>((m_now - m_open->ts) / 1000)),
                         m_open->to));
        judgeCandidates();
        std::stable_sort(m_verdicts.begin(), m_verdicts.end(),
                         [](const Verdict &a, const Verdict &b) { return a.tone > b.tone; });
        return m_verdicts;
    }

private:
    void seeOffer(const FlowMessage &message)
    {
        if (m_open != nullptr && m_open->from == message.to)
            add(Verdict::Code::Glare, Tone::Warning,
                Words::tr("Both offered at once: %1 had not answered when it offered itself")
                    .arg(message.from));
        lost(message, Words::tr("The offer of %1 did not arrive").arg(message.from));
        m_open = isLost(message) ? nullptr : &message;
        m_described.insert(message.from);
        m_offered = codecsOf(message.payload);
    }

    void seeAnswer(const FlowMessage &message)
    {
        lost(message, Words::tr("The answer of %1 did not arrive").arg(message.from));
        m_described.insert(message.from);
        m_open = nullptr;
        const auto answered = codecsOf(message.payload);
        if (m_offered.isEmpty() || message.payload.isEmpty())
            return;
        for (auto media = m_offered.constBegin(); media != m_offered.constEnd(); ++media) {
            if (!media->isEmpty() && answered.contains(media.key())
                && !media->intersects(answered.value(media.key())))
                add(Verdict::Code::NoCommonCodec, Tone::Bad,
                    Words::tr("No common codec for %1: offered %2, answered %3")
                        .arg(media.key(), QStringList(media->values()).join(QLatin1Char(' ')),
                             QStringList(answered.value(media.key()).values()).join(QLatin1Char(' '))));
        }
    }

    void lost(const FlowMessage &message, const QString &what)
    {
        if (isLost(message))
            add(Verdict::Code::DescriptionLost, Tone::Bad,
                message.reason.isEmpty() ? what : Words::tr("%1: %2").arg(what, message.reason));
    }

    void judgeCandidates()
    {
        bool relay = false;
        bool onlyHost = false;
        for (auto side = m_candidates.constBegin(); side != m_candidates.constEnd(); ++side) {
            relay = relay || side->contains(QStringLiteral("relay"));
            if (side->size() != 1 || !side->contains(QStringLiteral("host")))
                continue;
            onlyHost = true;
            if (m_plain.value(side.key()) == 0)
                add(Verdict::Code::OnlyMdns, Tone::Warning,
                    Words::tr("%1 offered nothing but .local names; that works in one network only")
                        .arg(side.key()));
            else
                add(Verdict::Code::OnlyHost, Tone::Warning,
                    Words::tr("%1 offered only its own addresses: no STUN or TURN server answered it")
                        .arg(side.key()));
        }
        if (!m_candidates.isEmpty() && !relay && !onlyHost)
            add(Verdict::Code::NoRelay, Tone::Notice,
                Words::tr(
                    "Neither side has a relay candidate; behind strict firewalls this call cannot come up"));
    }

    void add(Verdict::Code code, Tone tone, const QString &sentence)
    {
        if (std::none_of(m_verdicts.begin(), m_verdicts.end(),
                         [code](const Verdict &v) { return v.code == code; }))
            m_verdicts.push_back({code, tone, sentence});
    }

    qint64 m_now;
    const FlowMessage *m_open = nullptr; ///< an offer without answer
    QSet<QString> m_described; ///< who has sent a description since the last bye
    QMap<QString, QSet<QString>> m_offered;
    QMap<QString, QSet<QString>> m_candidates; ///< types by user
    QMap<QString, int> m_mdns;
    QMap<QString, int> m_plain;
    std::vector<Verdict> m_verdicts;
};

} // namespace

std::vector<Verdict> judge(const std::vector<const FlowMessage *> &messages, qint64 now)
{
    Walk walk(now);
    for (const FlowMessage *message : messages)
        walk.see(*message);
    return walk.finish();
}

std::vector<NegotiationStep> checkList(const std::vector<const FlowMessage *> &messages)
{
    using State = NegotiationStep::State;
    NegotiationStep offer{Words::tr("Offer"), State::Open, {}};
    NegotiationStep answer{Words::tr("Answer"), State::Open, {}};
    NegotiationStep end{Words::tr("End"), State::Open, {}};
    QString caller;
    int fromCaller = 0;
    int fromCallee = 0;
    int lostCandidates = 0;
    const auto describe = [](NegotiationStep &step, const FlowMessage &message) {
        step.state = isLost(message)                ? State::Failed
            : message.outcome == Outcome::Delivered ? State::Done
                                                    : State::Open;
        step.detail
            = Words::tr("%1 to %2 at %3, %4")
                  .arg(message.from, message.to, format::clock(message.ts, false), message.outcomeText());
    };
    for (const FlowMessage *message : messages) {
        switch (message->kind) {
        case Kind::Offer:
            describe(offer, *message);
            answer = {Words::tr("Answer"), State::Open, {}};
            end = {Words::tr("End"), State::Open, {}};
            if (caller != message->from)
                fromCaller = fromCallee = lostCandidates = 0;
            caller = message->from;
            break;
        case Kind::Answer:
            describe(answer, *message);
            break;
        case Kind::Candidate:
            (message->from == caller ? fromCaller : fromCallee) += 1;
            lostCandidates += isLost(*message) ? 1 : 0;
            break;
        case Kind::Bye:
            end.state = State::Done;
            end.detail = Words::tr("%1 at %2").arg(message->from, format::clock(message->ts, false));
            break;
        default:
            break;
        }
    }
    const auto candidates = [lostCandidates](const QString &title, int count) {
        return NegotiationStep{title, count > 0 ? State::Done : State::Open,
                               lostCandidates > 0
                                   ? Words::tr("%1 seen, %2 lost").arg(count).arg(lostCandidates)
                                   : Words::tr("%1 seen").arg(count)};
    };
    return {offer, answer, candidates(Words::tr("Candidates of the caller"), fromCaller),
            candidates(Words::tr("Candidates of the called"), fromCallee), end};
}

} // namespace msgsrv::console
