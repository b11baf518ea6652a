// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/actions.h"

#include "server/management/managementpeer.h"
#include "shared/base/log.h"
#include "shared/signaling/negotiation.h"
#include "shared/signaling/redact.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QTimer>

#include <algorithm>
#include <utility>

namespace msgsrv::management {

namespace {

constexpr QLatin1String idName("id");
constexpr QLatin1String reasonName("reason");
constexpr QLatin1String operationName("op");
constexpr QLatin1String countName("count");
constexpr QLatin1String categoryName("category");
constexpr QLatin1String levelName("level");
constexpr QLatin1String secondsName("seconds");

constexpr qsizetype longestReason = 1000; // characters
constexpr int mostPeeked = 100;
constexpr int defaultPeeked = 10;
/// Content that queue.peek shows of all messages together; the others come without.
constexpr qsizetype peekedBytes = 128 * 1024;
constexpr int longestLevelChange = 24 * 3600; // seconds

std::optional<Node::Session> sessionId(const Call &call)
{
    bool ok = false;
    const Node::Session id = call.text(idName).toULongLong(&ok);
    if (ok)
        return id;
    call.failParameter(idName, QStringLiteral("An id is a number in quotes."));
    return {};
}

} // namespace

Actions::~Actions()
{
    for (const auto &[category, change] : m_levels)
        log::setCategoryLevel(category, std::nullopt);
}

void Actions::addTo(Methods &methods)
{
    using Type = Parameter::Type;
    const Parameter id{idName, Type::Text, false, "id of the session"};
    const Parameter reason{reasonName, Type::Text, false, "why; for the audit log"};
    const Parameter operation{operationName, Type::Text, true, "a name of yours: done once in ten minutes"};
    methods.add({method::logLevel,
                 Role::Admin,
                 {{categoryName, Type::Text, false, "e.g. msgsrv.stomp"},
                  {levelName, Type::Text, false, "debug, info, warning or error"},
                  {secondsName, Type::Whole, false, "until it is as before, at most 86400"}},
                 "changes the level of one log category for a while",
                 [this](const Call &call) { setLogLevel(call); }});
    methods.add({method::sessionClose,
                 Role::Operator,
                 {id, {reasonName, Type::Text, false, "why; the client is told, too"}, operation},
                 "ends a session; its connection is closed with 4002",
                 [this](const Call &call) { closeSession(call); }});
    methods.add({method::queuePeek,
                 Role::Operator,
                 {id, {countName, Type::Whole, true, "at most 100; 10 when left out"}},
                 "the oldest messages that wait, which stay",
                 [this](const Call &call) { peek(call); }});
    methods.add({method::queuePurge,
                 Role::Operator,
                 {id, reason, operation},
                 "drops what waits",
                 [this](const Call &call) { purge(call); }});
    methods.add({method::auditList,
                 Role::Operator,
                 {{countName, Type::Whole, true, "100 when left out"}},
                 "the last actions, the latest first",
                 [this](const Call &call) {
                     constexpr int usual = 100;
                     call.answer(m_audit.list(call.number(countName, usual)));
                 }});
}

std::optional<Actions::Action> Actions::begin(const Call &call, QLatin1String method)
{
    const QString reason = call.text(reasonName);
    if (reason.trimmed().isEmpty() || reason.size() > longestReason) {
        call.failParameter(reasonName, QStringLiteral("A reason has 1 to 1000 characters."));
        return {};
    }
    const QString name = call.text(operationName);
    if (name.size() > longestReason) {
        call.failParameter(operationName, QStringLiteral("An operation's name has at most 1000 characters."));
        return {};
    }
    const ManagementPeer &peer = *call.peer();
    AuditEntry entry{QDateTime::currentMSecsSinceEpoch(),
                     peer.user(),
                     toString(peer.role()),
                     method,
                     call.text(idName),
                     reason,
                     name,
                     {}};
    const QString operation = name.isEmpty() ? QString() : peer.user() + u'\n' + name;
    if (!operation.isEmpty()) {
        const bool isNew
            = m_operations.begin(operation, Clock::now(), [call](const Operations::Outcome &first) {
                  if (first.failed)
                      call.fail(ErrorCode(first.result.value(u"code").toInt()),
                                first.result.value(u"message").toString());
                  else
                      call.answer(first.result);
              });
        if (!isNew)
            return {};
    }
    return Action{call, std::move(entry), operation};
}

void Actions::succeed(Action action, const QJsonObject &result, const QString &outcome)
{
    action.entry.outcome = outcome;
    m_audit.add(std::move(action.entry));
    if (!action.operation.isEmpty())
        m_operations.finish(action.operation, {false, result});
    action.call.answer(result);
}

void Actions::fail(Action action, ErrorCode code, const QString &message)
{
    action.entry.outcome = QStringLiteral("failed");
    m_audit.add(std::move(action.entry));
    if (!action.operation.isEmpty()) {
        m_operations.finish(
            action.operation,
            {true, {{QStringLiteral("code"), int(code)}, {QStringLiteral("message"), message}}});
    }
    action.call.fail(code, message);
}

void Actions::closeSession(const Call &call)
{
    const auto id = sessionId(call);
    auto action = id ? begin(call, method::sessionClose) : std::nullopt;
    if (!action)
        return;
    const QByteArray reason = action->entry.reason.toUtf8();
    m_node.closeSession(*id, reason, [this, action = *std::move(action)](bool closed) {
        if (closed)
            succeed(action, {{QStringLiteral("closed"), true}}, QStringLiteral("closed"));
        else
            fail(action, ErrorCode::NoSuchObject, QStringLiteral("There is no such session."));
    });
}

void Actions::purge(const Call &call)
{
    const auto id = sessionId(call);
    auto action = id ? begin(call, method::queuePurge) : std::nullopt;
    if (!action)
        return;
    m_node.purge(*id, [this, action = *std::move(action)](std::optional<std::size_t> purged) {
        if (purged) {
            succeed(action, {{QStringLiteral("purged"), qint64(*purged)}},
                    QStringLiteral("purged %1").arg(*purged));
        } else {
            fail(action, ErrorCode::NoSuchObject, QStringLiteral("There is no such queue."));
        }
    });
}

void Actions::peek(const Call &call)
{
    const auto id = sessionId(call);
    if (!id)
        return;
    const bool contents = call.peer()->role() >= Role::Admin;
    AuditEntry entry{QDateTime::currentMSecsSinceEpoch(),
                     call.peer()->user(),
                     toString(call.peer()->role()),
                     method::queuePeek,
                     call.text(idName),
                     {},
                     {},
                     {}};
    const int count = std::min(call.number(countName, defaultPeeked), mostPeeked);
    m_node.peek(
        *id, count, [this, call, contents, entry](const std::optional<std::vector<MessagePtr>> &found) {
            AuditEntry done = entry;
            done.outcome = found ? QStringLiteral("%1 shown").arg(found->size()) : QStringLiteral("failed");
            m_audit.add(std::move(done));
            if (!found)
                return call.fail(ErrorCode::NoSuchObject, QStringLiteral("There is no such queue."));
            QJsonArray messages;
            qsizetype room = peekedBytes;
            for (const MessagePtr &message : *found) {
                const std::string_view content = message->content();
                QJsonObject shown{
                    {QStringLiteral("id"), QString::fromUtf8(message->id)},
                    {QStringLiteral("from"), QString::fromUtf8(message->from.bytes())},
                    {QStringLiteral("kind"), QString::fromUtf8(msgsrv::toString(negotiationKind(content)))},
                    {QStringLiteral("bytes"), qint64(content.size())},
                    {QStringLiteral("age"),
                     std::chrono::duration<double>(Clock::now() - message->acceptedAt).count()}};
                if (contents && qsizetype(content.size()) <= room) {
                    room -= qsizetype(content.size());
                    shown.insert(QStringLiteral("content"), redactedContent(content));
                }
                messages.append(shown);
            }
            call.answer({{QStringLiteral("messages"), messages}});
        });
}

void Actions::setLogLevel(const Call &call)
{
    static const QRegularExpression name(QStringLiteral("^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$"));
    const QString category = call.text(categoryName);
    if (!name.match(category).hasMatch() || category.size() > 100)
        return call.failParameter(categoryName, QStringLiteral("This is no name of a log category."));
    const auto level = log::levelFromName(call.text(levelName).toStdString());
    if (!level)
        return call.failParameter(levelName, QStringLiteral("A level is debug, info, warning or error."));
    const int duration = call.number(secondsName, 0);
    if (duration < 1 || duration > longestLevelChange)
        return call.failParameter(secondsName, QStringLiteral("This is 1 to 86400."));

    const std::string key = category.toStdString();
    const std::uint64_t change = ++m_levelChanges;
    m_levels[key] = change;
    log::setCategoryLevel(key, level);
    QTimer::singleShot(seconds(duration), this, [this, key, change] {
        const auto known = m_levels.find(key);
        if (known == m_levels.end() || known->second != change)
            return; // changed again since
        m_levels.erase(known);
        log::setCategoryLevel(key, std::nullopt);
    });
    m_audit.add({QDateTime::currentMSecsSinceEpoch(),
                 call.peer()->user(),
                 toString(call.peer()->role()),
                 method::logLevel,
                 category,
                 QStringLiteral("%1 for %2 s").arg(call.text(levelName)).arg(duration),
                 {},
                 QStringLiteral("set")});
    call.answer({});
}

} // namespace msgsrv::management
