// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/http.h"
#include "shared/signaling/problem.h"

#include <string>
#include <utility>

namespace msgsrv {

/// Answers one request of the session workflow, with the headers that all of its answers carry. A value that
/// refers to nothing but the request's reply, so it may outlive the endpoint that made it.
class WorkflowAnswer
{
public:
    /// @p cors are the headers for the request's Origin.
    WorkflowAnswer(QByteArray path, HttpHeaders cors, HttpReply reply)
        : m_path(std::move(path))
        , m_cors(std::move(cors))
        , m_reply(std::move(reply))
    { }

    void noContent(const QByteArray &allow) const;
    void json(int status, const std::string &body) const;
    void problem(const Problem &problem) const;

private:
    void send(HttpResponse response) const;

    QByteArray m_path;
    HttpHeaders m_cors;
    HttpReply m_reply;
};

} // namespace msgsrv
