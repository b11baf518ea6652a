// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/sessionendpoints.h"

#include "server/net/addressblock.h"
#include "server/net/httpgrammar.h"
#include "shared/base/json.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace msgsrv {

namespace {

/// A request whose answer waits keeps its body, so only a small one does.
constexpr qsizetype largestDelayedBody = 4 * 1024;

std::string_view view(const QByteArray &bytes)
{
    return {bytes.constData(), std::size_t(bytes.size())};
}

/// The token of Bearer credentials (RFC 6750, 2.1); nothing for other schemes, which a proxy in front of us
/// may have asked for.
std::optional<std::string_view> bearerToken(std::string_view authorization)
{
    const std::string_view text = http::trimmed(authorization);
    const std::size_t schemeEnd = std::min(text.find(' '), text.size());
    if (!http::equalsLower(text.substr(0, schemeEnd), "bearer"))
        return std::nullopt;
    return http::trimmed(text.substr(schemeEnd));
}

std::string openedJson(const OpenedSession &session, const QByteArray &listeningAddress,
                       const SessionEndpointSettings &settings)
{
    std::string json = "{\"userId\":";
    appendJsonString(json, view(session.userId.bytes()));
    json += ",\"listeningAddress\":";
    appendJsonString(json, view(listeningAddress));
    json += ",\"listeningKey\":";
    appendJsonString(json, view(session.key.secret()));
    json += ",\"acked\":false";
    const std::string ice = iceServersJson(settings.ice, session.userId, QDateTime::currentSecsSinceEpoch());
    if (!ice.empty())
        json += ",\"iceServers\":" + ice;
    if (settings.unackedTtl > seconds(0))
        json += ",\"expiresIn\":" + std::to_string(settings.unackedTtl.count());
    return json + '}';
}

std::string receiptJson(const ExchangeReceipt &receipt)
{
    std::string json = "{\"messageId\":";
    appendJsonString(json, view(receipt.messageId));
    return json + (receipt.written ? ",\"state\":\"delivered\"}" : ",\"state\":\"queued\"}");
}

/// The members of an exchange that say what its sender wants beside the relaying.
tl::expected<void, Problem> readWishes(const RequestFields &fields, ExchangeRequest &request)
{
    if (const auto *field = fields.find("exchangeId")) {
        auto id = parseExchangeId(field->isString ? std::string_view(field->text) : std::string_view());
        if (!id)
            return tl::unexpected(id.error());
        request.exchangeId = *std::move(id);
    }
    if (const auto *field = fields.find("notify")) {
        const auto wishes = parseNotify(field->text);
        if (!wishes)
            return tl::unexpected(wishes.error());
        request.wishes = *wishes;
    }
    if (const auto *field = fields.find("ttl")) {
        const auto ttl = parseTtl(field->text);
        if (!ttl)
            return tl::unexpected(ttl.error());
        request.ttl = *ttl;
    }
    return {};
}

/// The JSON array `userIds`, each user once.
tl::expected<std::vector<UserId>, Problem> readUserIds(const RequestFields &fields, int most)
{
    const auto *field = fields.find("userIds");
    if (!field)
        return tl::unexpected(Problem{ProblemCause::MissingMember, "The member userIds is missing.", 0});
    const QJsonDocument list = QJsonDocument::fromJson(field->json);
    if (field->isString || !list.isArray())
        return tl::unexpected(
            Problem{ProblemCause::InvalidMember, "userIds must be an array of strings in a JSON body.", 0});
    const QJsonArray names = list.array();
    if (names.size() > most)
        return tl::unexpected(Problem{ProblemCause::InvalidMember,
                                      "userIds may name " + QByteArray::number(most) + " users at once.", 0});
    std::vector<UserId> users;
    for (const auto &name : names) {
        auto user = UserId::parse(name.toString().toStdString());
        if (!user)
            return tl::unexpected(
                Problem{ProblemCause::InvalidUserId, QByteArray("userIds: ") + describe(user.error()), 0});
        if (std::find(users.begin(), users.end(), *user) == users.end())
            users.push_back(*std::move(user));
    }
    return users;
}

Problem notYours(const char *detail)
{
    return {ProblemCause::NotYours, detail, 0};
}

} // namespace

SessionEndpoints::SessionEndpoints(const Collaborators &collaborators, SessionEndpointSettings settings,
                                   Now now)
    : m_with(collaborators)
    , m_now(std::move(now))
    , m_settings(std::make_shared<const SessionEndpointSettings>(std::move(settings)))
{ }

std::vector<HttpRoute> SessionEndpoints::routes()
{
    const auto route = [this](const char *path, const char *method, Action action, AddressLimit limit) {
        const QByteArray methods = method + QByteArrayLiteral(", OPTIONS");
        return HttpRoute{path,
                         {method, "OPTIONS"},
                         [this, action, limit, methods](const HttpRequest &request, HttpReply reply) {
                             handle(action, limit, methods, request, std::move(reply));
                         },
                         true};
    };
    HttpRoute state = route("/exchange/", "GET", &SessionEndpoints::tellState, &RequestLimits::exchangeFrom);
    state.isPrefix = true;
    return {route("/connect", "POST", &SessionEndpoints::openSession, &RequestLimits::connect),
            route("/exchange", "POST", &SessionEndpoints::exchangeMessage, &RequestLimits::exchangeFrom),
            route("/disconnect", "POST", &SessionEndpoints::endSession, nullptr),
            route("/presence", "POST", &SessionEndpoints::tellPresence, &RequestLimits::exchangeFrom),
            std::move(state)};
}

void SessionEndpoints::handle(Action action, AddressLimit limit, const QByteArray &methods,
                              const HttpRequest &request, HttpReply reply)
{
    const QByteArray origin = request.header("origin");
    const bool isPreflight = request.method == "OPTIONS";
    const auto presented = origin.isNull() ? std::nullopt : std::optional(view(origin));
    const auto originCount = std::count_if(request.headers.begin(), request.headers.end(),
                                           [](const auto &header) { return header.first == "origin"; });
    if (originCount > 1 || !m_settings->origins.allows(presented, view(request.host))) {
        const WorkflowAnswer refusal(request.path, corsHeaders({}, isPreflight, methods), std::move(reply));
        return refusal.problem(
            {ProblemCause::OriginRefused, "Pages of this origin may not use this server.", 0});
    }

    const WorkflowAnswer answer(request.path, corsHeaders(origin, isPreflight, methods), std::move(reply));
    if (isPreflight)
        return answer.noContent(methods);
    if (limit) {
        // Before the body is looked at: the refusal has to be the cheapest answer.
        if (const auto problem = (m_with.limits.*limit)(addressBlock(request.peer), m_now()))
            return answer.problem(*problem);
    }
    const auto fields = RequestFields::read(request, m_settings->jsonDepth);
    if (!fields)
        return answer.problem(fields.error());
    (this->*action)(request, *fields, answer);
}

HttpHeaders SessionEndpoints::corsHeaders(const QByteArray &allowedOrigin, bool isPreflight,
                                          const QByteArray &methods) const
{
    HttpHeaders headers{{"Vary", "Origin"}};
    if (allowedOrigin.isEmpty())
        return headers;
    headers.emplace_back("Access-Control-Allow-Origin", allowedOrigin);
    if (isPreflight) {
        headers.emplace_back("Access-Control-Allow-Methods", methods);
        headers.emplace_back("Access-Control-Allow-Headers", "authorization, content-type");
        headers.emplace_back("Access-Control-Max-Age", "7200");
    } else {
        headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
    }
    return headers;
}

void SessionEndpoints::openSession(const HttpRequest &request, const RequestFields &fields,
                                   const WorkflowAnswer &answer)
{
    const auto userId = fields.requiredUserId("userId");
    if (!userId)
        return answer.problem(userId.error());
    const QByteArray address = m_settings->listeningAddress.forRequest(request);
    if (address.isEmpty())
        return answer.problem({ProblemCause::MalformedRequest, "The Host of the request is no host.", 0});

    const auto opened = [answer, address, settings = m_settings,
                         &ioThread = m_with.ioThread](const tl::expected<OpenedSession, Problem> &result) {
        ioThread.run([answer, address, settings, result] {
            if (result)
                answer.json(200, openedJson(*result, address, *settings));
            else
                answer.problem(result.error());
        });
    };
    // A key that is no longer good is no obstacle: its holder wants a session.
    const auto key = presentedKey(request, fields, {"listeningKey"});
    if (!key)
        return answer.problem(key.error());
    m_with.sessions.open({*userId, address, key->value_or(ListeningKey())}, opened);
}

void SessionEndpoints::exchangeMessage(const HttpRequest &request, const RequestFields &fields,
                                       const WorkflowAnswer &answer)
{
    const auto to = fields.requiredUserId("toUserId");
    if (!to)
        return answer.problem(to.error());
    const auto content = fields.requiredJson("content");
    if (!content)
        return answer.problem(content.error());
    const auto claimed = fields.userId("fromUserId");
    if (!claimed)
        return answer.problem(claimed.error());
    const auto from = senderOf(request, fields, *claimed);
    if (!from)
        return refuse(request, from.error(), answer);
    if (const auto problem = m_with.limits.exchangeBy(m_with.limits.keyOf(from->userId), m_now()))
        return answer.problem(*problem);

    ExchangeRequest message{from->userId, *to, *content, {}, from->key};
    if (const auto read = readWishes(fields, message); !read)
        return answer.problem(read.error());

    const auto done
        = [answer, &ioThread = m_with.ioThread](const tl::expected<ExchangeReceipt, Problem> &result) {
              ioThread.run([answer, result] {
                  if (result)
                      answer.json(result->written ? 200 : 202, receiptJson(*result));
                  else
                      answer.problem(result.error());
              });
          };
    m_with.exchange.relay(std::move(message), Broker::Tell::Outcome, done);
}

void SessionEndpoints::tellPresence(const HttpRequest &request, const RequestFields &fields,
                                    const WorkflowAnswer &answer)
{
    const auto key = presentedKey(request, fields, {"listeningKey"});
    if (!key)
        return answer.problem(key.error());
    if (!*key)
        return answer.problem({ProblemCause::Unauthenticated,
                               "Who asks is not proven: give the listening key as Bearer credentials or as "
                               "the member listeningKey.",
                               0});
    const auto session = sessionOf(**key, request);
    if (!session)
        return refuse(request, session.error(), answer);
    if (const auto problem = m_with.limits.exchangeBy(m_with.limits.keyOf(session->userId), m_now()))
        return answer.problem(*problem);
    if (!m_with.presence || !m_with.presence->isEnabled())
        return answer.problem({ProblemCause::PresenceOff, "This server tells nobody who is there.", 0});
    const auto users = readUserIds(fields, m_settings->presenceUsers);
    if (!users)
        return answer.problem(users.error());
    std::string json = "{\"users\":{";
    for (const UserId &user : *users) {
        json += json.back() == '{' ? "" : ",";
        appendJsonString(json, view(user.bytes()));
        json += ":{" + m_with.presence->of(user).toJsonMembers().toStdString() + '}';
    }
    answer.json(200, json + "}}");
}

void SessionEndpoints::tellState(const HttpRequest &request, const RequestFields &fields,
                                 const WorkflowAnswer &answer)
{
    const auto key = presentedKey(request, fields, {});
    if (!key)
        return answer.problem(key.error());
    if (!*key)
        return answer.problem({ProblemCause::Unauthenticated,
                               "The sender is not proven: give the listening key as Bearer credentials.", 0});
    const auto session = sessionOf(**key, request);
    if (!session)
        return refuse(request, session.error(), answer);
    const QByteArray id = request.path.mid(request.path.lastIndexOf('/') + 1);
    if (const auto report = m_with.exchange.report(*session, id))
        return answer.json(200, report->toJson().toStdString());
    answer.problem({ProblemCause::MessageUnknown,
                    "No message of this id is known: it is another sender's, or too old.", 0});
}

void SessionEndpoints::endSession(const HttpRequest &request, const RequestFields &fields,
                                  const WorkflowAnswer &answer)
{
    const auto key = presentedKey(request, fields, {"queueName", "listeningKey"});
    if (!key)
        return answer.problem(key.error());
    if (!*key)
        return answer.problem({ProblemCause::Unauthenticated,
                               "The listening key is missing: give it as queueName or as Bearer credentials.",
                               0});
    if (const auto session = sessionOf(**key, request); !session)
        return refuse(request, session.error(), answer);

    const auto done = [answer, &ioThread = m_with.ioThread](const tl::expected<void, Problem> &result) {
        ioThread.run([answer, result] {
            if (result)
                answer.json(200, "{}");
            else
                answer.problem(result.error());
        });
    };
    m_with.sessions.end(**key, done);
}

void SessionEndpoints::refuse(const HttpRequest &request, const Problem &problem,
                              const WorkflowAnswer &answer)
{
    const TimePoint now = m_now();
    const Duration delay = problem.cause == ProblemCause::UnknownKey
        ? m_with.limits.failedKey(addressBlock(request.peer), now)
        : Duration::zero();
    if (delay == Duration::zero())
        return answer.problem(problem);
    const bool waits = request.body.size() <= largestDelayedBody
        && m_delayed.add(now + delay, [answer, problem] { answer.problem(problem); });
    if (!waits)
        answer.problem({ProblemCause::RateLimited,
                        "The listening key is no live session's, like too many from this address before.",
                        int(std::chrono::ceil<seconds>(delay).count())});
}

tl::expected<std::optional<ListeningKey>, Problem>
SessionEndpoints::presentedKey(const HttpRequest &request, const RequestFields &fields,
                               std::initializer_list<std::string_view> alternatives)
{
    std::optional<ListeningKey> key;
    bool differ = false;
    const auto present = [&](std::string_view secret) {
        const ListeningKey next = ListeningKey::fromPresented(secret);
        differ = differ || (key && !(*key == next));
        key = next;
    };
    for (const auto &[name, value] : request.headers) {
        if (name != "authorization")
            continue;
        if (const auto token = bearerToken(value))
            present(*token);
    }
    for (const std::string_view name : alternatives) {
        if (const RequestFields::Field *field = fields.find(name))
            present(field->text);
    }
    if (differ)
        return tl::unexpected(notYours("The request carries two different listening keys."));
    return key;
}

tl::expected<SessionDirectory::Entry, Problem> SessionEndpoints::sessionOf(const ListeningKey &key,
                                                                           const HttpRequest &request)
{
    auto session = m_with.directory.findKey(key);
    if (!session) {
        m_with.metrics.strange(Strange::UnknownKey, {},
                               request.path.toStdString() + " from " + request.peer.toString().toStdString());
        return tl::unexpected(
            Problem{ProblemCause::UnknownKey, "The listening key is no live session's.", 0});
    }
    return *session;
}

tl::expected<SessionEndpoints::Sender, Problem>
SessionEndpoints::senderOf(const HttpRequest &request, const RequestFields &fields,
                           const std::optional<UserId> &claimed)
{
    const auto key = presentedKey(request, fields, {"listeningKey"});
    if (!key)
        return tl::unexpected(key.error());
    if (*key) {
        const auto session = sessionOf(**key, request);
        if (!session)
            return tl::unexpected(session.error());
        if (claimed && !(*claimed == session->userId)) {
            m_with.metrics.strange(Strange::ForeignSender, session->userId.bytes().toStdString(),
                                   "fromUserId " + claimed->bytes().toStdString());
            return tl::unexpected(notYours("fromUserId is not the user of the listening key."));
        }
        return Sender{session->userId, **key};
    }

    if (m_settings->requireKey)
        return tl::unexpected(
            Problem{ProblemCause::Unauthenticated,
                    "The sender is not proven: give the listening key as Bearer credentials "
                    "or as the member listeningKey.",
                    0});
    if (!claimed)
        return tl::unexpected(Problem{ProblemCause::MissingMember, "The member fromUserId is missing.", 0});
    if (!m_with.directory.findUser(*claimed))
        return tl::unexpected(
            Problem{ProblemCause::SenderUnknown, "The sender has no session: connect first.", 0});
    return Sender{*claimed, ListeningKey()};
}

} // namespace msgsrv
