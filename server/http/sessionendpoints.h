// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/http/delayedanswers.h"
#include "server/http/iceservers.h"
#include "server/http/listeningaddress.h"
#include "server/http/requestfields.h"
#include "server/http/workflowanswer.h"
#include "server/metrics/metrics.h"
#include "server/net/http.h"
#include "server/net/originpolicy.h"
#include "server/net/requestlimits.h"
#include "server/session/directory.h"
#include "server/session/exchange.h"
#include "server/session/presence.h"
#include "server/session/sessions.h"
#include "shared/base/clock.h"
#include "shared/base/executor.h"

#include <tl/expected.hpp>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

namespace msgsrv {

struct SessionEndpointSettings
{
    bool requireKey = true; ///< exchange.require_key
    ListeningAddress listeningAddress;
    IceSettings ice;
    seconds unackedTtl{60}; ///< sessions.unacked_ttl, 0 = off: `expiresIn`, the time to subscribe in
    OriginPolicy origins; ///< net.allowed_origins
    int jsonDepth = 32; ///< limits.json_depth
    int presenceUsers = 100; ///< presence.users: of one question
};

/// The session workflow over HTTP: `POST /connect`, `/exchange` and `/disconnect`, `GET
/// /exchange/<messageId>`, and what browsers need for them from pages of other origins (CORS).
///
/// Belongs to one I/O thread, whose executor it gets: requests come in there and are answered there, also
/// when the sessions or the broker tell their result in another thread. The collaborators, and the executor
/// in particular, outlive it and every reply that is under way; the endpoints themselves need not.
class SessionEndpoints
{
public:
    /// What the endpoints work with.
    struct Collaborators
    {
        Sessions &sessions;
        const SessionDirectory &directory;
        Exchange &exchange;
        Executor &ioThread;
        Metrics &metrics;
        RequestLimits &limits;
        const Presence *presence = nullptr; ///< null: nobody is told who is there
    };
    /// Where time comes from.
    using Now = std::function<TimePoint()>;

    SessionEndpoints(const Collaborators &collaborators, SessionEndpointSettings settings,
                     Now now = &Clock::now);

    /// The routes refer to this object.
    [[nodiscard]] std::vector<HttpRoute> routes();
    /// Refusals of keys that wait (see RequestLimits::failedKey()): to be swept by the I/O thread.
    [[nodiscard]] DelayedAnswers &delayedAnswers() { return m_delayed; }

private:
    using Action
        = void (SessionEndpoints::*)(const HttpRequest &, const RequestFields &, const WorkflowAnswer &);
    /// Whether the address may ask now; null: it always may.
    using AddressLimit = std::optional<Problem> (RequestLimits::*)(const BucketKey &, TimePoint);

    void handle(Action action, AddressLimit limit, const QByteArray &methods, const HttpRequest &request,
                HttpReply reply);
    /// Answers a request whose sender is not proven, an unknown key perhaps later.
    void refuse(const HttpRequest &request, const Problem &problem, const WorkflowAnswer &answer);
    [[nodiscard]] HttpHeaders corsHeaders(const QByteArray &allowedOrigin, bool isPreflight,
                                          const QByteArray &methods) const;

    void openSession(const HttpRequest &request, const RequestFields &fields, const WorkflowAnswer &answer);
    void exchangeMessage(const HttpRequest &request, const RequestFields &fields,
                         const WorkflowAnswer &answer);
    void endSession(const HttpRequest &request, const RequestFields &fields, const WorkflowAnswer &answer);
    void tellPresence(const HttpRequest &request, const RequestFields &fields, const WorkflowAnswer &answer);
    /// `GET /exchange/<messageId>`.
    void tellState(const HttpRequest &request, const RequestFields &fields, const WorkflowAnswer &answer);

    /// The one key that the Bearer credentials and the member @p alternatives of the body present, or
    /// nothing. Problem: NotYours when they differ.
    [[nodiscard]] static tl::expected<std::optional<ListeningKey>, Problem>
    presentedKey(const HttpRequest &request, const RequestFields &fields,
                 std::initializer_list<std::string_view> alternatives);
    /// The session of @p key. Problem: UnknownKey, which counts as strange.
    [[nodiscard]] tl::expected<SessionDirectory::Entry, Problem> sessionOf(const ListeningKey &key,
                                                                           const HttpRequest &request);
    struct Sender
    {
        UserId userId;
        ListeningKey key; ///< null: believed, not proven
    };
    /// Who sends. Problems: Unauthenticated, UnknownKey, NotYours, MissingMember, SenderUnknown.
    [[nodiscard]] tl::expected<Sender, Problem>
    senderOf(const HttpRequest &request, const RequestFields &fields, const std::optional<UserId> &claimed);

    const Collaborators m_with;
    const Now m_now;
    DelayedAnswers m_delayed;
    const std::shared_ptr<const SessionEndpointSettings> m_settings; // shared with replies under way
};

} // namespace msgsrv
