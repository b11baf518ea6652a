// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/metrics/metrics.h"
#include "server/net/http.h"

#include <QByteArray>

#include <functional>
#include <utility>
#include <vector>

namespace msgsrv {

/// What the internal listener serves to supervisors and Prometheus: `/livez`, `/readyz`, `/metrics`. Nothing
/// here is for the public ports.
///
/// Belongs to the thread that serves the internal listener.
class InternalEndpoints
{
public:
    /// Tells what keeps the daemon from serving, a sentence each; none: ready. Called in the thread that
    /// serves.
    using FailedChecks = std::function<std::vector<QByteArray>()>;

    InternalEndpoints(const Metrics &metrics, FailedChecks failedChecks)
        : m_metrics(metrics)
        , m_failedChecks(std::move(failedChecks))
    { }

    /// The routes refer to this object.
    [[nodiscard]] std::vector<HttpRoute> routes() const;

private:
    [[nodiscard]] HttpResponse readiness() const;
    [[nodiscard]] HttpResponse metricsText() const;

    const Metrics &m_metrics;
    const FailedChecks m_failedChecks;
};

} // namespace msgsrv
