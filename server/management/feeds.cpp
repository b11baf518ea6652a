// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/feeds.h"

#include "server/management/managementpeer.h"
#include "shared/base/json.h"
#include "shared/signaling/redact.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <utility>

namespace msgsrv::management {

namespace {

constexpr milliseconds pollInterval(40);
/// Messages whose kind is remembered between their events.
constexpr qsizetype rememberedKinds = 8192;

constexpr QLatin1String subName("sub");
constexpr QLatin1String creditName("credit");
constexpr QLatin1String filterName("filter");
constexpr QLatin1String payloadName("payload");
constexpr QLatin1String levelName("level");
constexpr QLatin1String patternName("pattern");

const char *toString(FlowEvent::Kind kind)
{
    switch (kind) {
    case FlowEvent::Kind::Accepted:
        return "accepted";
    case FlowEvent::Kind::Written:
        return "written";
    case FlowEvent::Kind::Dropped:
        return "dropped";
    case FlowEvent::Kind::Refused:
        break;
    }
    return "refused";
}

std::string_view viewOf(const QByteArray &bytes)
{
    return {bytes.constData(), std::size_t(bytes.size())};
}

void appendText(std::string &json, std::string_view name, std::string_view value)
{
    json += ",\"";
    json += name;
    json += "\":";
    appendJsonString(json, value);
}

void appendNumber(std::string &json, std::string_view name, std::int64_t value)
{
    json += ",\"";
    json += name;
    json += "\":" + std::to_string(value);
}

/// Unix time in ms of a moment a little while ago.
qint64 unixTime(TimePoint at)
{
    return QDateTime::currentMSecsSinceEpoch()
        - std::chrono::duration_cast<milliseconds>(Clock::now() - at).count();
}

std::int64_t delayOf(const FlowEvent &event)
{
    const auto delay
        = std::chrono::duration_cast<std::chrono::microseconds>(event.at - event.message->acceptedAt).count();
    return std::max<std::int64_t>(delay, 0);
}

class FlowRow final : public RowReader
{
public:
    FlowRow(const FlowEvent &event, NegotiationKind kind)
        : m_event(event)
        , m_kind(kind)
    { }
    [[nodiscard]] std::size_t columnCount() const override { return flowTable().columns.size(); }
    /// In the order of flowTable().
    [[nodiscard]] Cell cell(std::size_t column) const override
    {
        const msgsrv::Message &message = *m_event.message;
        switch (column) {
        case 0:
            return std::string(toString(m_event.kind));
        case 1:
            return message.id.toStdString();
        case 2:
            return message.from.bytes().toStdString();
        case 3:
            return message.to.bytes().toStdString();
        case 4:
            return std::string(msgsrv::toString(m_kind));
        case 5:
            return std::int64_t(message.content().size());
        case 6:
            return std::string(message.via);
        case 7:
            return delayOf(m_event);
        case 8:
            return *m_event.reason ? Cell(std::string(m_event.reason)) : Cell();
        default:
            return {};
        }
    }

private:
    const FlowEvent &m_event;
    const NegotiationKind m_kind;
};

} // namespace

Feeds::Feeds(FlowTap &tap, const Limits &limits, ManagementMetrics &metrics)
    : m_tap(tap)
    , m_limits(limits)
    , m_metrics(metrics)
{
    m_timer.setInterval(pollInterval);
    connect(&m_timer, &QTimer::timeout, this, &Feeds::poll);
}

Feeds::~Feeds()
{
    m_tap.close();
    log::closeTail();
}

void Feeds::addTo(Methods &methods)
{
    using Type = Parameter::Type;
    const Parameter credit{creditName, Type::Whole, false,
                           "events that may come; hello tells how many at most"};
    const Parameter sub{subName, Type::Whole, false, "number of the subscription"};
    methods.add({method::flowOpen,
                 Role::Observer,
                 {{filterName, Type::Text, true, "which events, in the filter language"},
                  {payloadName, Type::Flag, true, "the contents as well (admin)"},
                  credit},
                 "what becomes of messages, from now on",
                 [this](const Call &call) { openFlow(call); }});
    methods.add({method::logOpen,
                 Role::Observer,
                 {{levelName, Type::Text, true, "the least level: debug, info, warning or error"},
                  {patternName, Type::Text, true, "a regular expression that the line contains"},
                  credit},
                 "log lines, from now on",
                 [this](const Call &call) { openLog(call); }});
    methods.add({method::subscriptionCredit,
                 Role::Observer,
                 {sub, credit},
                 "so many more may come",
                 [this](const Call &call) { this->credit(call); }});
    methods.add(
        {method::subscriptionClose, Role::Observer, {sub}, "ends a subscription", [this](const Call &call) {
             close(call);
         }});
}

void Feeds::openFlow(const Call &call)
{
    Flow flow;
    flow.payload = call.params().value(payloadName).toBool();
    if (flow.payload && call.peer()->role() < Role::Admin)
        return call.fail(ErrorCode::Forbidden, QStringLiteral("Contents are for the role \"admin\"."));
    auto filter = Filter::parse(call.text(filterName).toStdString(), flowTable().columns);
    if (!filter) {
        return call.fail(ErrorCode::BadFilter, QString::fromStdString(filter.error().message),
                         {{QStringLiteral("at"), qint64(filter.error().offset)}});
    }
    flow.filter = *std::move(filter);
    pollFlow(); // what happened before is not for this one
    const auto number = makeFeed(call, std::move(flow));
    if (!number)
        return;
    call.answer({{QString(subName), *number}, {QStringLiteral("seq"), qint64(m_tap.sequence())}});
}

void Feeds::openLog(const Call &call)
{
    Log wanted;
    if (call.params().contains(levelName)) {
        const auto level = log::levelFromName(call.text(levelName).toStdString());
        if (!level)
            return call.failParameter(levelName, QStringLiteral("A level is debug, info, warning or error."));
        wanted.level = *level;
    }
    wanted.pattern = QRegularExpression(call.text(patternName));
    if (!wanted.pattern.isValid() || call.text(patternName).size() > 1000)
        return call.failParameter(
            patternName,
            QStringLiteral("This is no regular expression: %1.").arg(wanted.pattern.errorString()));
    pollLog();
    if (const auto number = makeFeed(call, std::move(wanted)))
        call.answer({{QString(subName), *number}});
}

std::optional<int> Feeds::makeFeed(const Call &call, std::variant<Flow, Log> what)
{
    const auto own = std::count_if(m_feeds.begin(), m_feeds.end(),
                                   [&](const auto &entry) { return entry.second.peer == call.peer(); });
    if (own >= m_limits.subscriptions) {
        m_metrics.limited(Limit::Subscriptions);
        call.fail(ErrorCode::TooMany,
                  QStringLiteral("A client has at most %1 subscriptions.").arg(m_limits.subscriptions));
        return {};
    }
    const int number = ++m_lastNumber;
    const std::int64_t credit = bounded(call.number(creditName, 0));
    m_feeds.emplace(number, Feed{call.peer(), number, credit, std::move(what), {}});
    update();
    return number;
}

std::int64_t Feeds::bounded(std::int64_t credit)
{
    if (credit > m_limits.credit)
        m_metrics.limited(Limit::Credit);
    return std::min<std::int64_t>(credit, m_limits.credit);
}

Feeds::Feed *Feeds::find(const Call &call)
{
    const auto found = m_feeds.find(call.number(subName, 0));
    if (found != m_feeds.end() && found->second.peer == call.peer())
        return &found->second;
    call.fail(ErrorCode::NoSuchObject, QStringLiteral("There is no such subscription."));
    return nullptr;
}

void Feeds::credit(const Call &call)
{
    Feed *feed = find(call);
    if (!feed)
        return;
    poll(); // credit is for what happens from now on
    feed->credit = bounded(feed->credit + call.number(creditName, 0));
    call.answer({});
    if (feed->gap && feed->credit > 0 && feed->peer->hasRoom())
        tellGap(*feed);
}

void Feeds::close(const Call &call)
{
    const Feed *feed = find(call);
    if (!feed)
        return;
    m_feeds.erase(feed->number);
    update();
    call.answer({});
}

void Feeds::forget(ManagementPeer *peer)
{
    std::erase_if(m_feeds, [peer](const auto &entry) { return entry.second.peer == peer; });
    update();
}

void Feeds::setNegotiationsWanted(bool wanted)
{
    m_negotiationsWanted = wanted;
    update();
}

/// Opens and closes the sources.
void Feeds::update()
{
    const auto has = [this](std::size_t kind) {
        return std::any_of(m_feeds.begin(), m_feeds.end(),
                           [kind](const auto &entry) { return entry.second.what.index() == kind; });
    };
    const bool flow = has(0) || m_negotiationsWanted;
    const bool logs = has(1);
    if (flow && !m_tap.isOpen()) {
        m_tap.open();
    } else if (!flow && m_tap.isOpen()) {
        m_tap.close();
        m_kinds.clear();
    }
    if (logs)
        log::openTail();
    else
        log::closeTail();
    if ((flow || logs) && !m_timer.isActive())
        m_timer.start();
    else if (!flow && !logs)
        m_timer.stop();
}

void Feeds::poll()
{
    pollFlow();
    pollLog();
    for (auto &[number, feed] : m_feeds) {
        if (feed.gap && feed.credit > 0 && feed.peer->hasRoom())
            tellGap(feed);
    }
}

void Feeds::pollFlow()
{
    if (!m_tap.isOpen())
        return;
    const FlowTap::Batch batch = m_tap.take();
    for (const FlowEvent &event : batch.events)
        show(event);
    if (!batch.missed)
        return;
    m_metrics.missed(batch.missed->to - batch.missed->from + 1);
    for (auto &[number, feed] : m_feeds) {
        if (std::holds_alternative<Flow>(feed.what))
            miss(feed, batch.missed->from, batch.missed->to, "slow");
    }
}

void Feeds::pollLog()
{
    const log::TailBatch batch = log::takeTail();
    for (const log::TailLine &line : batch.lines)
        show(line);
    if (batch.missedFrom == 0)
        return;
    for (auto &[number, feed] : m_feeds) {
        if (std::holds_alternative<Log>(feed.what))
            miss(feed, batch.missedFrom, batch.missedTo, "slow");
    }
}

NegotiationKind Feeds::kindOf(const msgsrv::Message &message)
{
    if (const auto known = m_kinds.constFind(message.id); known != m_kinds.cend())
        return *known;
    if (m_kinds.size() >= rememberedKinds)
        m_kinds.clear();
    return *m_kinds.insert(message.id, negotiationKind(message.content()));
}

void Feeds::show(const FlowEvent &event)
{
    const msgsrv::Message &message = *event.message;
    const NegotiationKind kind = kindOf(message);
    if (event.kind == FlowEvent::Kind::Accepted)
        m_negotiations.add(message.from.bytes(), message.to.bytes(), kind, event.at);

    const FlowRow row(event, kind);
    std::string plain; // made once for all
    std::string payload;
    for (auto &[number, feed] : m_feeds) {
        const auto *flow = std::get_if<Flow>(&feed.what);
        if (!flow || !flow->filter.matches(row) || !admit(feed, event.sequence))
            continue;
        if (plain.empty()) {
            appendNumber(plain, "seq", std::int64_t(event.sequence));
            appendNumber(plain, "ts", unixTime(event.at));
            appendText(plain, "event", toString(event.kind));
            appendText(plain, "message", viewOf(message.id));
            appendText(plain, "from", viewOf(message.from.bytes()));
            appendText(plain, "to", viewOf(message.to.bytes()));
            appendText(plain, "kind", msgsrv::toString(kind));
            appendNumber(plain, "bytes", std::int64_t(message.content().size()));
            appendText(plain, "via", message.via);
            appendNumber(plain, "delay", delayOf(event));
            if (*event.reason)
                appendText(plain, "reason", event.reason);
        }
        if (flow->payload && payload.empty()) {
            const QByteArray clean = QJsonDocument(QJsonArray{redactedContent(message.content())})
                                         .toJson(QJsonDocument::Compact);
            payload = ",\"payload\":" + clean.mid(1, clean.size() - 2).toStdString();
        }
        std::string params = "{\"sub\":" + std::to_string(number) + plain;
        if (flow->payload)
            params += payload;
        feed.peer->send(notificationLine(notification::flowEvent, params + '}'));
    }
}

void Feeds::show(const log::TailLine &line)
{
    std::string plain;
    for (auto &[number, feed] : m_feeds) {
        const auto *wanted = std::get_if<Log>(&feed.what);
        if (!wanted || line.level < wanted->level)
            continue;
        if (!wanted->pattern.pattern().isEmpty()) {
            const std::string whole = line.category + ' ' + line.event + ' ' + line.text;
            if (!wanted->pattern.match(QString::fromStdString(whole)).hasMatch())
                continue;
        }
        if (!admit(feed, line.sequence))
            continue;
        if (plain.empty()) {
            appendNumber(plain, "seq", std::int64_t(line.sequence));
            appendNumber(plain, "ts",
                         std::chrono::duration_cast<milliseconds>(line.time.time_since_epoch()).count());
            appendText(plain, "level", log::toString(line.level));
            appendText(plain, "category", line.category);
            appendText(plain, "event", line.event);
            appendText(plain, "text", line.text);
        }
        feed.peer->send(
            notificationLine(notification::logLine, "{\"sub\":" + std::to_string(number) + plain + '}'));
    }
}

bool Feeds::admit(Feed &feed, std::uint64_t sequence)
{
    const char *why = feed.credit <= 0 ? "credit" : feed.peer->hasRoom() ? nullptr : "slow";
    if (why) {
        miss(feed, sequence, sequence, why);
        return false;
    }
    if (feed.gap)
        tellGap(feed);
    --feed.credit;
    return true;
}

void Feeds::miss(Feed &feed, std::uint64_t from, std::uint64_t to, const char *why)
{
    if (!feed.gap)
        feed.gap = Gap{from, to, 0, why};
    feed.gap->to = to;
    feed.gap->dropped += to - from + 1;
}

void Feeds::tellGap(Feed &feed)
{
    const Gap gap = *std::exchange(feed.gap, std::nullopt);
    std::string params = "{\"sub\":" + std::to_string(feed.number);
    appendNumber(params, "from", std::int64_t(gap.from));
    appendNumber(params, "to", std::int64_t(gap.to));
    appendNumber(params, "dropped", std::int64_t(gap.dropped));
    appendText(params, "why", gap.why);
    const bool flow = std::holds_alternative<Flow>(feed.what);
    feed.peer->send(notificationLine(flow ? notification::flowGap : notification::logGap, params + '}'));
}

} // namespace msgsrv::management
