// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/memorysessionstore.h"
#include "tests/server/storage/sessionstoresuite.h"

using namespace msgsrv;

class TestMemorySessionStore : public SessionStoreSuite
{
    Q_OBJECT

protected:
    std::unique_ptr<SessionStore> create() override { return std::make_unique<MemorySessionStore>(); }
};

QTEST_GUILESS_MAIN(TestMemorySessionStore)
#include "moc_sessionstoresuite.cpp"
#include "tst_memorysessionstore.moc"
