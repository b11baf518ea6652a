// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTest>

namespace msgsrv::test {

/// How long a test waits for what must come: long, because a loaded machine is no defect, and a condition
/// that holds ends the wait at once.
constexpr int patienceMs = 20'000;

/// Runs the event loop until @p condition holds; false when it never did.
template <typename Condition>
[[nodiscard]] bool waitUntil(Condition condition, int timeoutMs = patienceMs)
{
    return QTest::qWaitFor(condition, timeoutMs);
}

} // namespace msgsrv::test
