// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/verdict.h"

#include "admin-gui/models/format.h"
#include "admin-gui/models/media.h"
#include "admin-gui/models/sdp.h"

#include <QCoreApplication>
#include <QMap>

#include <algorithm>
#include <iterator>
#include <optional>

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

QString ago(qint64 ms)
{
    return format::duration(static_cast<double>(ms) / 1000);
}

QString listed(const QSet<QString> &names)
{
    QStringList sorted(names.begin(), names.end());
    sorted.sort();
    return sorted.join(QLatin1Char(' '));
}

/// One of the two, in the call that is judged.
struct Side
{
    bool isDescribed = false; ///< it has sent an offer or answer
    std::optional<qint64> earlyAt; ///< its first candidate, when that came before
    Media offered; ///< by its latest offer
    bool isReachable = false; ///< by itself, from everywhere
    int local = 0; ///< candidates that are .local names
    int host = 0; ///< candidates that are its own addresses
    int reflexive = 0; ///< what a STUN server told it
    int relay = 0;
    qint64 lastCandidateAt = 0;

    [[nodiscard]] int candidates() const { return local + host + reflexive + relay; }
};

/// What one walk over the messages of two users finds out about their latest call.
class Walk
{
public:
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
            seeCandidate(message);
            break;
        case Kind::Bye:
            if (m_open != nullptr)
                add(Verdict::Code::ClosedInTheMiddle, Tone::Warning,
                    Words::tr("%1 ended it %2 after the offer, before there was an answer")
                        .arg(message.from, ago(message.ts - m_open->ts)));
            m_open = nullptr;
            m_over = message.ts;
            break;
        case Kind::Gap: // whatever was missed may have been in it
            m_open = nullptr;
            for (Side &side : m_sides)
                side.isDescribed = true;
            break;
        case Kind::Text:
        case Kind::Other:
            break;
        }
        if (!message.payload.isEmpty() && !m_over)
            gather(message);
    }

    std::vector<Verdict> finish(qint64 now)
    {
        if (m_open != nullptr && now - m_open->ts > answerPatience)
            add(Verdict::Code::AnswerMissing, Tone::Bad,
                Words::tr("%1 offered %2 ago and %3 never answered")
                    .arg(m_open->from, ago(now - m_open->ts), m_open->to));
        for (const QString &sentence : std::as_const(m_lost))
            add(Verdict::Code::DescriptionLost, Tone::Bad, sentence);
        judgeCandidates(now);
        return m_verdicts;
    }

private:
    void seeOffer(const FlowMessage &message)
    {
        if (m_over)
            beginAnew();
        if (m_open != nullptr && m_open->from == message.to)
            add(Verdict::Code::Glare, Tone::Warning,
                Words::tr("Both offered at once: %1 had not answered when it offered itself")
                    .arg(message.from));
        describe(message, Words::tr("The offer of %1 did not arrive").arg(message.from));
        m_open = isLost(message) ? nullptr : &message;
        Side &side = m_sides[message.from];
        side.offered = Media::in(message.payload);
        side.isReachable = side.offered.iceLite;
    }

    void seeAnswer(const FlowMessage &message)
    {
        describe(message, Words::tr("The answer of %1 did not arrive").arg(message.from));
        m_open = nullptr; // also one that met another: it was taken back
        const Media offered = m_sides[message.to].offered;
        const Media answered = Media::in(message.payload);
        Side &side = m_sides[message.from];
        side.isReachable = side.isReachable || answered.iceLite;
        if (!offered.used.isEmpty() && answered.used.isEmpty() && answered.rejected.contains(offered.used))
            add(Verdict::Code::NoCommonCodec, Tone::Bad,
                Words::tr(
                    "The answer of %1 takes nothing of what was offered (%2): no common codec, or it does "
                    "not want it")
                    .arg(message.from, listed(offered.used)));
        for (auto media = offered.codecs.constBegin(); media != offered.codecs.constEnd(); ++media) {
            const QSet<QString> taken = answered.codecs.value(media.key());
            if (!media->isEmpty() && !taken.isEmpty() && !media->intersects(taken))
                add(Verdict::Code::NoCommonCodec, Tone::Bad,
                    Words::tr("No common codec for %1: offered %2, answered %3")
                        .arg(media.key(), listed(*media), listed(taken)));
        }
    }

    void seeCandidate(const FlowMessage &message)
    {
        if (m_over) {
            if (message.ts - *m_over > byePatience && !m_earlyForNext.contains(message.from))
                m_earlyForNext.insert(message.from, message.ts);
            return;
        }
        Side &side = m_sides[message.from];
        if (side.isDescribed)
            return;
        if (!side.earlyAt)
            side.earlyAt = message.ts;
        if (m_open != nullptr)
            tellEarly(message.from);
    }

    void tellEarly(const QString &user)
    {
        add(Verdict::Code::CandidatesBeforeDescription, Tone::Warning,
            Words::tr("%1 sent candidates before its offer or answer; many clients drop such candidates")
                .arg(user));
    }

    /// Who looks at a call that is under way sees candidates without their description: only what follows
    /// soon makes them early.
    void describe(const FlowMessage &message, const QString &whenLost)
    {
        Side &side = m_sides[message.from];
        if (!side.isDescribed && side.earlyAt && message.ts - *side.earlyAt <= answerPatience)
            tellEarly(message.from);
        side.isDescribed = true;
        const auto key = qMakePair(message.kind, message.from);
        if (isLost(message))
            m_lost[key]
                = message.reason.isEmpty() ? whenLost : Words::tr("%1: %2").arg(whenLost, message.reason);
        else
            m_lost.remove(key); // it was sent again
    }

    void gather(const FlowMessage &message)
    {
        for (const IceCandidate &candidate : IceCandidate::allIn(message.payload)) {
            Side &side = m_sides[message.from];
            if (candidate.isMdns())
                ++side.local;
            else if (candidate.type == QLatin1String("host"))
                ++side.host;
            else if (candidate.type == QLatin1String("relay"))
                ++side.relay;
            else
                ++side.reflexive;
            side.isReachable = side.isReachable || candidate.isPublicHost();
            side.lastCandidateAt = message.ts;
        }
    }

    void judgeCandidates(qint64 now)
    {
        bool relay = false;
        bool reachable = false;
        bool onlyHost = false;
        bool any = false;
        for (auto side = m_sides.constBegin(); side != m_sides.constEnd(); ++side) {
            if (side->candidates() == 0)
                continue;
            if (now - side->lastCandidateAt <= candidatePatience)
                return; // it may find others yet
            any = true;
            relay = relay || side->relay > 0;
            reachable = reachable || side->isReachable;
            if (side->isReachable || side->relay + side->reflexive > 0)
                continue;
            onlyHost = true;
            if (side->host == 0)
                add(Verdict::Code::OnlyMdns, Tone::Warning,
                    Words::tr("%1 offered nothing but .local names; that works in one network only")
                        .arg(side.key()));
            else
                add(Verdict::Code::OnlyHost, Tone::Warning,
                    Words::tr("%1 offered only its own addresses: no STUN or TURN server answered it")
                        .arg(side.key()));
        }
        if (any && !relay && !reachable && !onlyHost)
            add(Verdict::Code::NoRelay, Tone::Notice,
                Words::tr(
                    "Neither side has a relay candidate; behind strict firewalls this call cannot come up"));
    }

    void beginAnew()
    {
        const QMap<QString, qint64> early = m_earlyForNext;
        *this = {};
        for (auto one = early.constBegin(); one != early.constEnd(); ++one)
            m_sides[one.key()].earlyAt = one.value();
    }

    void add(Verdict::Code code, Tone tone, const QString &sentence)
    {
        if (std::none_of(m_verdicts.begin(), m_verdicts.end(),
                         [code](const Verdict &v) { return v.code == code; }))
            m_verdicts.push_back({code, tone, sentence});
    }

    const FlowMessage *m_open = nullptr; ///< an offer without answer
    std::optional<qint64> m_over; ///< when a bye came; the call's own late candidates may follow
    QMap<QString, qint64> m_earlyForNext; ///< candidates of the call after it
    QMap<QString, Side> m_sides; ///< by user
    QMap<QPair<Kind, QString>, QString> m_lost; ///< descriptions that did not arrive, by kind and sender
    std::vector<Verdict> m_verdicts;
};

} // namespace

std::vector<Verdict> judge(const std::vector<const FlowMessage *> &messages, qint64 now)
{
    QMap<QPair<QString, QString>, Walk> pairs;
    for (const FlowMessage *message : messages) {
        if (message->kind == Kind::Gap) {
            for (Walk &walk : pairs)
                walk.see(*message);
        } else {
            pairs[std::minmax(message->from, message->to)].see(*message);
        }
    }
    std::vector<Verdict> verdicts;
    for (Walk &walk : pairs) {
        for (Verdict &verdict : walk.finish(now)) {
            const bool known = std::any_of(verdicts.begin(), verdicts.end(),
                                           [&](const Verdict &other) { return other.code == verdict.code; });
            if (!known)
                verdicts.push_back(std::move(verdict));
        }
    }
    std::stable_sort(verdicts.begin(), verdicts.end(),
                     [](const Verdict &a, const Verdict &b) { return a.tone > b.tone; });
    return verdicts;
}

} // namespace msgsrv::console
