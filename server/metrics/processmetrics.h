// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <prometheus/collectable.h>

#include <vector>

namespace msgsrv {

/// The process as the kernel sees it, under the names that every Prometheus client library uses
/// (process_cpu_seconds_total and so on), read from /proc/self at each scrape. What cannot be read is
/// left out.
class ProcessMetrics final : public prometheus::Collectable
{
public:
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;
};

} // namespace msgsrv
