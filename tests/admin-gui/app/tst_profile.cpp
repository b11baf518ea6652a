// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/accessform.h"
#include "admin-gui/app/connectiondialog.h"
#include "admin-gui/app/profile.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

using namespace msgsrv::console;

namespace {

std::vector<Profile> three()
{
    Profile tls{.name = QStringLiteral("Production"), .color = QColor(0xd1, 0x34, 0x38), .readOnly = true};
    tls.kind = Profile::Kind::Tls;
    tls.tls = {.host = QStringLiteral("2001:db8::1"),
               .port = 8082,
               .caFile = QStringLiteral("/etc/ca.pem"),
               .tokenFile = QStringLiteral("/home/anna/token"),
               .certificateFile = QStringLiteral("c.pem"),
               .keyFile = QStringLiteral("k.pem")};
    Profile ssh{.name = QStringLiteral("Test")};
    ssh.kind = Profile::Kind::Ssh;
    ssh.ssh = {QStringLiteral("admin@test.example.org"), QStringLiteral("/run/x.sock")};
    return {{.name = QStringLiteral("Here"), .socket = QStringLiteral("/tmp/m.sock")}, tls, ssh};
}

} // namespace

class TestProfile : public QObject
{
    Q_OBJECT

private slots:
    void theyAreKeptAsTheyAre();
    void thereIsAlwaysOne();
    void whatIsWrongIsSaid_data();
    void whatIsWrongIsSaid();
    void aTokenComesFromItsFileOrIsAskedFor();
    void theDialogEditsEveryKind();
    void theDialogConnectsOnlyWhereItCan();
};

void TestProfile::theyAreKeptAsTheyAre()
{
    QTemporaryDir folder;
    QSettings settings(folder.filePath(QStringLiteral("console.ini")), QSettings::IniFormat);
    saveProfiles(settings, three());
    settings.sync();
    QSettings again(folder.filePath(QStringLiteral("console.ini")), QSettings::IniFormat);
    QVERIFY(loadProfiles(again) == three());
}

void TestProfile::thereIsAlwaysOne()
{
    QTemporaryDir folder;
    QSettings settings(folder.filePath(QStringLiteral("console.ini")), QSettings::IniFormat);
    const auto profiles = loadProfiles(settings);
    QCOMPARE(profiles.size(), 1U);
    QCOMPARE(profiles[0].kind, Profile::Kind::Local);
    QVERIFY(profiles[0].problem().isEmpty());
}

void TestProfile::whatIsWrongIsSaid_data()
{
    QTest::addColumn<Profile>("profile");
    QTest::addColumn<bool>("good");
    QTest::newRow("local") << three()[0] << true;
    QTest::newRow("TLS") << three()[1] << true;
    QTest::newRow("ssh") << three()[2] << true;
    Profile profile = three()[0];
    profile.name = QStringLiteral(" ");
    QTest::newRow("no name") << profile << false;
    profile = three()[1];
    profile.tls.host.clear();
    QTest::newRow("no host") << profile << false;
    profile = three()[1];
    profile.tls.certificateFile.clear();
    QTest::newRow("key alone") << profile << false;
    for (const char *host : {"", "-oProxyCommand=evil", "two words", " blank"}) {
        profile = three()[2];
        profile.ssh.host = QLatin1String(host);
        QTest::addRow("ssh host '%s'", host) << profile << false;
    }
    for (const char *socket : {"relative.sock", "/with:colon"}) {
        profile = three()[2];
        profile.ssh.socket = QLatin1String(socket);
        QTest::addRow("ssh socket '%s'", socket) << profile << false;
    }
}

void TestProfile::whatIsWrongIsSaid()
{
    QFETCH(Profile, profile);
    QFETCH(bool, good);
    QCOMPARE(profile.problem().isEmpty(), good);
}

void TestProfile::aTokenComesFromItsFileOrIsAskedFor()
{
    QTemporaryDir folder;
    QFile file(folder.filePath(QStringLiteral("token")));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("  a-token-in-a-file \nsomething else\n") > 0);
    file.close();
    Profile profile = three()[1];
    profile.tls.certificateFile.clear();
    profile.tls.keyFile.clear();
    profile.tls.tokenFile = file.fileName();
    QVERIFY(!profile.wantsToken());
    QCOMPARE(profile.login({})->value(QLatin1String("token")).toString(),
             QStringLiteral("a-token-in-a-file"));
    profile.tls.tokenFile.clear();
    QVERIFY(profile.wantsToken());
    QVERIFY(!profile.login({}));
    QCOMPARE(profile.login(QStringLiteral("typed"))->value(QLatin1String("token")).toString(),
             QStringLiteral("typed"));
    profile.tls.tokenFile = folder.filePath(QStringLiteral("none"));
    QVERIFY(profile.login({}).error().contains(QStringLiteral("cannot be read")));
    QCOMPARE(three()[1].login({}).has_value(), false); // its file is not there
    profile = three()[1];
    profile.tls.tokenFile.clear();
    QCOMPARE(profile.login({})->value(QLatin1String("scheme")).toString(), QStringLiteral("certificate"));
    QCOMPARE(three()[2].login({})->value(QLatin1String("scheme")).toString(), QStringLiteral("peer"));
    // What is written down holds no secret.
    QSettings settings(folder.filePath(QStringLiteral("console.ini")), QSettings::IniFormat);
    profile.tls.tokenFile = file.fileName();
    (void)profile.login({});
    saveProfiles(settings, {profile});
    settings.sync();
    QFile written(settings.fileName());
    QVERIFY(written.open(QIODevice::ReadOnly));
    QVERIFY(!written.readAll().contains("a-token-in"));
}

void TestProfile::theDialogEditsEveryKind()
{
    ConnectionDialog dialog(three(), 1);
    const auto edit
        = [&dialog](const char *name) { return dialog.findChild<QLineEdit *>(QLatin1String(name)); };
    QCOMPARE(edit("server")->text(), QStringLiteral("[2001:db8::1]:8082"));
    edit("server")->clear();
    QTest::keyClicks(edit("server"), QStringLiteral("other.example.org:99"));
    QCOMPARE(dialog.profiles()[1].tls.host, QStringLiteral("other.example.org"));
    QCOMPARE(dialog.profiles()[1].tls.port, quint16(99));
    QCOMPARE(dialog.profiles()[1].tls.caFile, QStringLiteral("/etc/ca.pem"));
    dialog.findChild<QListWidget *>()->setCurrentRow(0);
    dialog.findChild<QComboBox *>(QStringLiteral("kind"))->setCurrentIndex(2);
    QTest::keyClicks(edit("sshHost"), QStringLiteral("root@far"));
    QCOMPARE(dialog.profiles()[0].kind, Profile::Kind::Ssh);
    QCOMPARE(dialog.profiles()[0].ssh.host, QStringLiteral("root@far"));
    QCOMPARE(dialog.profiles()[2], three()[2]);
}

void TestProfile::theDialogConnectsOnlyWhereItCan()
{
    ConnectionDialog dialog(three(), 2);
    QPushButton *connecting = nullptr;
    for (QPushButton *button : dialog.findChildren<QPushButton *>()) {
        if (button->isDefault())
            connecting = button;
    }
    QVERIFY(connecting != nullptr && connecting->isEnabled());
    auto *host = dialog.findChild<QLineEdit *>(QStringLiteral("sshHost"));
    host->selectAll();
    QTest::keyClicks(host, QStringLiteral("-oBad"));
    QVERIFY(!connecting->isEnabled());
    QVERIFY(!dialog.findChild<QLabel *>(QStringLiteral("problem"))->text().isEmpty());
}

QTEST_MAIN(TestProfile)
#include "tst_profile.moc"
