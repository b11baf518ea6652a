// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/http/iceservers.h"
#include "server/http/listeningaddress.h"
#include "server/http/requestfields.h"
#include "server/http/workflowanswer.h"
#include "server/metrics/metrics.h"
#include "server/net/http.h"
#include "server/net/originpolicy.h"
#include "server/session/directory.h"
#include "server/session/exchange.h"
#include "server/session/sessions.h"
#include "shared/base/clock.h"
#include "shared/base/executor.h"

#include <tl/expected.hpp>

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
};

/// The session workflow over HTTP: `POST /connect`, `/exchange` and `/disconnect`, and what browsers need
/// for them from pages of other origins (CORS).
///
/// Belongs to one I/O thread, whose executor it gets: requests come in there and are answered there, also
/// when the sessions or the broker tell their result in another thread. The collaborators, and the executor
/// in particular, outlive it and every reply that is under way; the endpoints themselves need not.
class SessionEndpoints
{
public:
    SessionEndpoints(Sessions &sessions, const SessionDirectory &directory, Exchange &exchange,
                     Executor &ioThread, Metrics &metrics, SessionEndpointSettings settings);

    /// The routes refer to this object.
    [[nodiscard]] std::vector<HttpRoute> routes();

private:
    using Action
        = void (SessionEndpoints::*)(const HttpRequest &, const RequestFields &, const WorkflowAnswer &);

    void handle(Action action, const HttpRequest &request, HttpReply reply);
    [[nodiscard]] HttpHeaders corsHeaders(const QByteArray &allowedOrigin, bool isPreflight) const;

    void openSession(const HttpRequest &request, const RequestFields &fields, const WorkflowAnswer &answer);
    void exchangeMessage(const HttpRequest &request, const RequestFields &fields,
                         const WorkflowAnswer &answer);
    void endSession(const HttpRequest &request, const RequestFields &fields, const WorkflowAnswer &answer);

    /// The one key that the Bearer credentials and the member @p alternatives of the body present, or
    /// nothing. Problem: NotYours when they differ.
    [[nodiscard]] static tl::expected<std::optional<ListeningKey>, Problem>
    presentedKey(const HttpRequest &request, const RequestFields &fields,
                 std::initializer_list<std::string_view> alternatives);
    /// The session of @p key. Problem: UnknownKey, which counts as strange.
    [[nodiscard]] tl::expected<SessionDirectory::Entry, Problem> sessionOf(const ListeningKey &key,
                                                                           const HttpRequest &request);
    /// Who sends. Problems: Unauthenticated, UnknownKey, NotYours, MissingMember, SenderUnknown.
    [[nodiscard]] tl::expected<UserId, Problem>
    senderOf(const HttpRequest &request, const RequestFields &fields, const std::optional<UserId> &claimed);

    Sessions &m_sessions;
    const SessionDirectory &m_directory;
    Exchange &m_exchange;
    Executor &m_ioThread;
    Metrics &m_metrics;
    const std::shared_ptr<const SessionEndpointSettings> m_settings; // shared with replies under way
};

} // namespace msgsrv
