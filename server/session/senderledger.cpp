// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/senderledger.h"

#include "server/session/messageid.h"
#include "shared/base/json.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace msgsrv {

namespace {

std::string_view view(const QByteArray &bytes)
{
    return {bytes.constData(), std::size_t(bytes.size())};
}

const char *nameOf(MessageState state)
{
    switch (state) {
    case MessageState::Queued:
        return "queued";
    case MessageState::Written:
        return "written";
    case MessageState::Acked:
        return "acked";
    case MessageState::Expired:
        return "expired";
    case MessageState::Dropped:
        return "dropped";
    }
    Q_UNREACHABLE();
}

void appendMember(std::string &json, std::string_view name, std::string_view text)
{
    json += json.size() > 1 ? ",\"" : "\"";
    json += name;
    json += "\":";
    appendJsonString(json, text);
}

} // namespace

QByteArray MessageReport::toJson() const
{
    std::string json = "{";
    appendMember(json, "messageId", view(messageId));
    if (!exchangeId.isNull())
        appendMember(json, "exchangeId", view(exchangeId));
    appendMember(json, "toUserId", view(to.bytes()));
    appendMember(json, "state", nameOf(state));
    if (*reason)
        appendMember(json, "reason", reason);
    json += '}';
    return QByteArray::fromStdString(json);
}

SenderLedger::SenderLedger(ListeningKey key, const Settings &settings, Post post, Now now)
    : m_key(std::move(key))
    , m_settings(settings)
    , m_post(std::move(post))
    , m_now(std::move(now))
{ }

SenderLedger::~SenderLedger() = default;

std::optional<MessageReport> SenderLedger::add(std::uint64_t number, MessageReport report,
                                               const NoticeWishes &wishes)
{
    const std::scoped_lock lock(m_mutex);
    if (!report.exchangeId.isNull()) {
        const auto known = m_byExchangeId.constFind(report.exchangeId);
        if (known != m_byExchangeId.cend()) {
            const Entry &entry = m_entries.at(*known);
            if (!entry.isFinal || m_now() - entry.finalSince < m_settings.window)
                return entry.report;
            erase(m_entries.find(*known));
        }
        m_byExchangeId.insert(report.exchangeId, number);
    }
    m_entries.emplace(number, Entry{std::move(report), wishes, false, {}, {}});
    return std::nullopt;
}

void SenderLedger::restore(std::uint64_t number, MessageReport report, const NoticeWishes &wishes)
{
    const std::scoped_lock lock(m_mutex);
    if (!report.exchangeId.isNull())
        m_byExchangeId.insert(report.exchangeId, number);
    m_restored.insert(report.messageId, number);
    m_entries.insert_or_assign(number, Entry{std::move(report), wishes, false, {}, {}});
}

MessageOrigin SenderLedger::originOf(std::uint64_t number) const
{
    const std::scoped_lock lock(m_mutex);
    const auto entry = m_entries.find(number);
    if (entry == m_entries.end())
        return {};
    return {m_key, entry->second.report.exchangeId, entry->second.wishes};
}

bool SenderLedger::whenDecided(const QByteArray &exchangeId, Again again)
{
    const std::scoped_lock lock(m_mutex);
    const auto number = m_byExchangeId.constFind(exchangeId);
    const auto entry = number != m_byExchangeId.cend() ? m_entries.find(*number) : m_entries.end();
    if (entry == m_entries.end() || entry->second.report.isDecided)
        return false;
    entry->second.undecided.push_back(std::move(again));
    return true;
}

std::vector<SenderLedger::Again> SenderLedger::decide(std::uint64_t number)
{
    const std::scoped_lock lock(m_mutex);
    std::vector<Again> waiting = std::exchange(m_left, {});
    if (const auto entry = m_entries.find(number); entry != m_entries.end()) {
        entry->second.report.isDecided = true;
        std::move(entry->second.undecided.begin(), entry->second.undecided.end(),
                  std::back_inserter(waiting));
        entry->second.undecided.clear();
    }
    return waiting;
}

std::vector<SenderLedger::Again> SenderLedger::forget(std::uint64_t number)
{
    const std::scoped_lock lock(m_mutex);
    if (const auto entry = m_entries.find(number); entry != m_entries.end())
        erase(entry);
    return std::exchange(m_left, {});
}

std::optional<MessageReport> SenderLedger::find(std::uint64_t number) const
{
    const std::scoped_lock lock(m_mutex);
    return findLocked(number);
}

std::optional<MessageReport> SenderLedger::findRestored(const QByteArray &messageId) const
{
    const std::scoped_lock lock(m_mutex);
    const auto number = m_restored.constFind(messageId);
    return number != m_restored.cend() ? findLocked(*number) : std::nullopt;
}

std::optional<MessageReport> SenderLedger::findLocked(std::uint64_t number) const
{
    const auto entry = m_entries.find(number);
    if (entry == m_entries.end())
        return std::nullopt;
    if (entry->second.isFinal && m_now() - entry->second.finalSince >= m_settings.window)
        return std::nullopt;
    return entry->second.report;
}

bool SenderLedger::advance(std::uint64_t number, Step step, const char *reason)
{
    const std::scoped_lock lock(m_mutex);
    const auto found = m_entries.find(number);
    if (found == m_entries.end())
        return false;
    Entry &entry = found->second;
    MessageReport &report = entry.report;
    if (entry.isFinal)
        return false;
    const std::size_t before = m_due.size();
    const auto fulfil = [&](bool &wish, const char *event) {
        if (std::exchange(wish, false))
            m_due.push_back({event, report});
    };
    switch (step) {
    case Step::Written:
    case Step::WrittenForGood:
        report.state = MessageState::Written;
        fulfil(entry.wishes.written, "written");
        if (step == Step::Written)
            break;
        fulfil(entry.wishes.acked, "acked");
        finish(number, entry);
        break;
    case Step::Acked:
        report.state = MessageState::Acked;
        fulfil(entry.wishes.acked, "acked");
        finish(number, entry);
        break;
    case Step::Expired:
    case Step::Dropped:
        report.state = step == Step::Expired ? MessageState::Expired : MessageState::Dropped;
        report.reason = step == Step::Dropped ? reason : "";
        fulfil(entry.wishes.failed, "failed");
        finish(number, entry);
        break;
    }
    return m_due.size() > before;
}

void SenderLedger::tell()
{
    const std::scoped_lock telling(m_telling);
    std::vector<Notice> due;
    {
        const std::scoped_lock lock(m_mutex);
        due.swap(m_due);
    }
    for (const Notice &notice : due)
        m_post(m_key, notice.event, notice.report.toJson());
}

/// Messages whose fate is final leave when they are too many, or too old.
void SenderLedger::finish(std::uint64_t number, Entry &entry)
{
    entry.isFinal = true;
    entry.finalSince = m_now();
    const TimePoint oldest = entry.finalSince - m_settings.window;
    m_final.push_back(number);
    ++m_finalCount;
    while (!m_final.empty()) {
        const auto first = m_entries.find(m_final.front());
        if (first != m_entries.end()) {
            if (m_finalCount <= m_settings.kept && first->second.finalSince > oldest)
                break;
            erase(first);
        }
        m_final.pop_front();
    }
}

void SenderLedger::erase(std::map<std::uint64_t, Entry>::iterator entry)
{
    const MessageReport &report = entry->second.report;
    if (!report.exchangeId.isNull()) {
        const auto known = m_byExchangeId.constFind(report.exchangeId);
        if (known != m_byExchangeId.cend() && *known == entry->first)
            m_byExchangeId.erase(known);
    }
    if (!m_restored.isEmpty()) {
        const auto restored = m_restored.constFind(report.messageId);
        if (restored != m_restored.cend() && *restored == entry->first)
            m_restored.erase(restored);
    }
    m_finalCount -= entry->second.isFinal ? 1 : 0;
    std::move(entry->second.undecided.begin(), entry->second.undecided.end(), std::back_inserter(m_left));
    m_entries.erase(entry);
}

SenderLedgers::SenderLedgers(const SenderLedger::Settings &settings, Broker &broker, SenderLedger::Now now)
    : m_settings(settings)
    , m_now(std::move(now))
    , m_post([&broker, ids = MessageIds(), next = std::make_shared<std::atomic<std::uint64_t>>(0),
              posted = m_posted, lost = m_lost,
              keep = m_keep](const ListeningKey &queue, const char *event, QByteArray json) {
        auto message = std::make_shared<Message>();
        message->id = ids.idOf(++*next);
        message->body = std::move(json);
        message->event = event;
        message->via = "server";
        message->acceptedAt = Clock::now();
        message->keep = *keep;
        broker.publish(queue, std::move(message), Broker::Tell::Acceptance,
                       [posted, lost](const PublishResult &result) {
                           ++*(result.state == PublishResult::State::Refused ? lost : posted);
                       });
    })
{ }

std::shared_ptr<SenderLedger> SenderLedgers::make(const ListeningKey &key)
{
    return std::make_shared<SenderLedger>(key, m_settings, m_post, m_now);
}

} // namespace msgsrv
