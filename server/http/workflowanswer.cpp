// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/workflowanswer.h"

#include "server/net/problemresponse.h"

namespace msgsrv {

void WorkflowAnswer::noContent(const QByteArray &allow) const
{
    send({204, {{"Allow", allow}, {"X-Content-Type-Options", "nosniff"}}, {}});
}

void WorkflowAnswer::json(int status, const std::string &body) const
{
    send({status,
          {{"Content-Type", "application/json"},
           {"Cache-Control", "no-store"},
           {"X-Content-Type-Options", "nosniff"}},
          QByteArray::fromStdString(body)});
}

void WorkflowAnswer::problem(const Problem &problem) const
{
    send(problemResponse(problem, m_path));
}

void WorkflowAnswer::send(HttpResponse response) const
{
    response.headers.insert(response.headers.end(), m_cors.begin(), m_cors.end());
    m_reply(std::move(response));
}

} // namespace msgsrv
