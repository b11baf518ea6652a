// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/directories.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <sys/stat.h>
#include <unistd.h>

using namespace msgsrv;

class TestDirectories : public QObject
{
    Q_OBJECT

private slots:
    void placesAreLookedForInOrder_data();
    void placesAreLookedForInOrder();
    void makesAMissingFolderForItsUserAlone();
    void takesItsOwnFolderAgain();
    void refusesAFolderThatOthersCanEnter();
    void refusesASymbolicLink();
    void refusesAFile();
    void refusesAFolderOfSomebodyElse();
    void leavesAManagedFolderAsItIs();
    void tellsWhatCannotBeMade();
};

namespace {

QString ownName()
{
    return QStringLiteral("messaging-server-%1").arg(::geteuid());
}

int modeOf(const QString &path)
{
    struct stat facts;
    return ::stat(QFile::encodeName(path).constData(), &facts) == 0 ? int(facts.st_mode & 07777) : -1;
}

QString errorOf(const Directory &directory)
{
    const auto prepared = prepareDirectory(directory);
    return prepared ? QString() : prepared.error();
}

} // namespace

void TestDirectories::placesAreLookedForInOrder_data()
{
    QTest::addColumn<QStringList>("environment");
    QTest::addColumn<QString>("state");
    QTest::addColumn<QString>("runtime");
    QTest::addColumn<bool>("managed");
    const auto row = [](const char *name, const char *environment, const QString &state,
                        const QString &runtime, bool managed) {
        QTest::newRow(name) << QString::fromLatin1(environment).split(u' ', Qt::SkipEmptyParts) << state
                            << runtime << managed;
    };
    const QString temporary = QStringLiteral("/tmp/") + ownName();
    const auto text = [](const char *latin) { return QString::fromLatin1(latin); };
    row("nothing set", "", temporary, temporary, false);
    row("TMPDIR", "TMPDIR=/var/tmp/", text("/var/tmp/") + ownName(), text("/var/tmp/") + ownName(), false);
    row("XDG", "XDG_STATE_HOME=/home/a/.local/state XDG_RUNTIME_DIR=/run/user/1000 TMPDIR=/x",
        text("/home/a/.local/state/messaging-server"), text("/run/user/1000/messaging-server"), false);
    row("systemd before XDG",
        "STATE_DIRECTORY=/var/lib/m RUNTIME_DIRECTORY=/run/m XDG_STATE_HOME=/s XDG_RUNTIME_DIR=/r",
        text("/var/lib/m"), text("/run/m"), true);
    row("several of systemd", "STATE_DIRECTORY=/var/lib/m:/var/lib/n RUNTIME_DIRECTORY=/run/m:/run/n",
        text("/var/lib/m"), text("/run/m"), true);
    row("a path that is not absolute", "STATE_DIRECTORY=lib XDG_RUNTIME_DIR=run TMPDIR=tmp", temporary,
        temporary, false);
    row("empty", "STATE_DIRECTORY= RUNTIME_DIRECTORY= XDG_STATE_HOME= XDG_RUNTIME_DIR= TMPDIR=", temporary,
        temporary, false);
}

void TestDirectories::placesAreLookedForInOrder()
{
    QFETCH(const QStringList, environment);
    QFETCH(const QString, state);
    QFETCH(const QString, runtime);
    QFETCH(const bool, managed);
    QProcessEnvironment variables;
    for (const QString &variable : environment)
        variables.insert(variable.section(u'=', 0, 0), variable.section(u'=', 1));
    QCOMPARE(stateDirectory(variables).path, state);
    QCOMPARE(runtimeDirectory(variables).path, runtime);
    QCOMPARE(stateDirectory(variables).managed, managed);
    QCOMPARE(runtimeDirectory(variables).managed, managed);
}

void TestDirectories::makesAMissingFolderForItsUserAlone()
{
    const QTemporaryDir base;
    const QString path = base.filePath(QStringLiteral("deep/er"));
    const mode_t before = ::umask(0);
    const QString error = errorOf({path, false});
    ::umask(before);
    QCOMPARE(error, QString());
    QCOMPARE(modeOf(path), 0700);
    QCOMPARE(modeOf(base.filePath(QStringLiteral("deep"))), 0700);
}

void TestDirectories::takesItsOwnFolderAgain()
{
    const QTemporaryDir base;
    const Directory directory{base.filePath(QStringLiteral("own")), false};
    QCOMPARE(errorOf(directory), QString());
    QCOMPARE(errorOf(directory), QString());
}

void TestDirectories::refusesAFolderThatOthersCanEnter()
{
    const QTemporaryDir base;
    const QString path = base.filePath(QStringLiteral("open"));
    QCOMPARE(::mkdir(QFile::encodeName(path).constData(), 0700), 0);
    QCOMPARE(::chmod(QFile::encodeName(path).constData(), 0755), 0);
    QCOMPARE(errorOf({path, false}),
             QStringLiteral("the folder %1 is open to others (mode 0755); give it the mode 0700").arg(path));
}

void TestDirectories::refusesASymbolicLink()
{
    const QTemporaryDir base;
    const QString path = base.filePath(QStringLiteral("link"));
    QVERIFY(QFile::link(base.path(), path));
    QCOMPARE(errorOf({path, false}),
             QStringLiteral("%1 is a symbolic link, which somebody else may have made; remove it").arg(path));
}

void TestDirectories::refusesAFile()
{
    const QTemporaryDir base;
    QFile file(base.filePath(QStringLiteral("file")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(errorOf({file.fileName(), false}), QStringLiteral("%1 is no folder").arg(file.fileName()));
}

void TestDirectories::refusesAFolderOfSomebodyElse()
{
    const QTemporaryDir base;
    const QString path = base.filePath(QStringLiteral("foreign"));
    QCOMPARE(::mkdir(QFile::encodeName(path).constData(), 0700), 0);
    if (::geteuid() == 0) {
        QCOMPARE(::chown(QFile::encodeName(path).constData(), 12345, 12345), 0);
        QCOMPARE(errorOf({path, false}),
                 QStringLiteral(
                     "the folder %1 belongs to the user with the id 12345, not to this one; remove it or "
                     "set another place")
                     .arg(path));
    } else {
        QVERIFY(errorOf({QStringLiteral("/"), false})
                    .contains(QStringLiteral("belongs to the user with the id 0")));
    }
}

void TestDirectories::leavesAManagedFolderAsItIs()
{
    const QTemporaryDir base;
    const QString path = base.filePath(QStringLiteral("managed"));
    QCOMPARE(::mkdir(QFile::encodeName(path).constData(), 0700), 0);
    QCOMPARE(::chmod(QFile::encodeName(path).constData(), 0755), 0);
    const QString link = base.filePath(QStringLiteral("link")); // what DynamicUser= makes
    QVERIFY(QFile::link(path, link));
    QCOMPARE(errorOf({path, true}), QString());
    QCOMPARE(errorOf({link, true}), QString());
    QCOMPARE(modeOf(path), 0755);
}

void TestDirectories::tellsWhatCannotBeMade()
{
    const QTemporaryDir base;
    QFile file(base.filePath(QStringLiteral("file")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    const QString path = file.fileName() + QStringLiteral("/below");
    QCOMPARE(errorOf({path, false}),
             QStringLiteral("the folder %1 cannot be made: Not a directory").arg(path));
}

QTEST_APPLESS_MAIN(TestDirectories)
#include "tst_directories.moc"
