// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"

#include <prometheus/collectable.h>

#include <vector>

namespace msgsrv {

/// What a broker counts, as metrics: one scrape shows one instant, so accepted = delivered + dropped + in
/// flight holds in every scrape.
class BrokerCollector final : public prometheus::Collectable
{
public:
    /// @p broker outlives the collector.
    explicit BrokerCollector(const Broker &broker)
        : m_broker(broker)
    { }

    /// Any thread.
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

private:
    const Broker &m_broker;
};

} // namespace msgsrv
