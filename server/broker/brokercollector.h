// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/broker/destinations.h"

#include <prometheus/collectable.h>

#include <vector>

namespace msgsrv {

/// What a broker counts, as metrics: one scrape shows one instant, so accepted = delivered + dropped + in
/// flight holds in every scrape.
class BrokerCollector final : public prometheus::Collectable
{
public:
    /// @p broker and @p destinations outlive the collector; what both count is added up.
    explicit BrokerCollector(const Broker &broker, const Destinations *destinations = nullptr)
        : m_broker(broker)
        , m_destinations(destinations)
    { }

    /// Any thread.
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

private:
    const Broker &m_broker;
    const Destinations *const m_destinations;
};

} // namespace msgsrv
