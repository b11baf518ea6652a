// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/sqlitesessionstore.h"
#include "tests/server/storage/sessionstoresuite.h"

#include <QTemporaryDir>

using namespace msgsrv;

/// The suite of all stores, over SQLite.
class TestSqliteSessionStore : public SessionStoreSuite
{
    Q_OBJECT

protected:
    std::unique_ptr<SessionStore> create() override
    {
        const QString path = m_folder.filePath(QStringLiteral("%1.sqlite").arg(++m_count));
        auto store = std::make_unique<SqliteSessionStore>(SqliteSessionStore::Settings{.path = path});
        if (const auto opened = store->open(); !opened)
            qFatal("%s", qPrintable(opened.error()));
        return store;
    }

private:
    QTemporaryDir m_folder;
    int m_count = 0;
};

QTEST_GUILESS_MAIN(TestSqliteSessionStore)
#include "moc_sessionstoresuite.cpp"
#include "tst_sqlitesessionstore.moc"
