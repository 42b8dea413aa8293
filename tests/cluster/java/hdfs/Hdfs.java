import java.io.BufferedReader;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CommonConfigurationKeys;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSNNTopology;
import org.apache.hadoop.hdfs.server.namenode.EditLogFileOutputStream;
import org.apache.hadoop.security.UserGroupInformation;

/**
 * A scriptable HDFS on loopback and free ports:
 *
 * <pre>java -cp CLASSES:JARS Hdfs --dir DIR [--ha] [--datanodes N] [--kerberos KEYTAB] [--user NAME] [-D key=value ...]</pre>
 *
 * Writes DIR/conf/core-site.xml and hdfs-site.xml, prints "READY uri web...", then answers each line of its standard
 * input (see Commands) with one line; at its end it deletes DIR and halts.
 */
public class Hdfs {
  static final String NAMESERVICE = "lhns";
  static final String SUPERUSER = "hdfs";
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

  private File dir;
  private boolean ha;
  private int dataNodes = 3;
  private String keytab;
  private String user;
  private final Map<String, String> extra = new LinkedHashMap<>();

  public static void main(String[] arguments) throws Exception {
    PrintStream out = System.out;
    System.setOut(System.err); // only the protocol on standard output
    Hdfs hdfs = new Hdfs();
    hdfs.read(arguments);
    out.println("READY " + hdfs.start());
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line; (line = input.readLine()) != null; ) {
      List<String> words = words(line);
      if (words.isEmpty()) continue;
      if (words.get(0).equals("quit")) break;
      out.println(answer(words));
      out.flush();
    }
    String delete = "rm -rf \"$0\"; rmdir \"$(dirname \"$0\")\""; // the one above is empty when we are the last
    new ProcessBuilder("sh", "-c", delete, hdfs.dir.getPath()).start().waitFor(); // whoever started us is gone
    Runtime.getRuntime().halt(0);
  }

  private static Commands commands;

  private static String answer(List<String> words) {
    try {
      return ("OK " + commands.run(words)).trim();
    } catch (Throwable error) {
      String message = String.valueOf(error.getMessage()).split("\n")[0];
      return "ERR " + error.getClass().getSimpleName() + " " + message;
    }
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    for (Matcher m = WORD.matcher(line); m.find(); ) words.add(m.group(1) != null ? m.group(1) : m.group(2));
    return words;
  }

  private void read(String[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--dir" -> dir = new File(arguments[++i]).getAbsoluteFile();
        case "--ha" -> ha = true;
        case "--datanodes" -> dataNodes = Integer.parseInt(arguments[++i]);
        case "--kerberos" -> keytab = arguments[++i];
        case "--user" -> user = arguments[++i];
        case "-D" -> {
          String[] pair = arguments[++i].split("=", 2);
          extra.put(pair[0], pair[1]);
        }
        default -> throw new IllegalArgumentException(arguments[i]);
      }
    }
  }

  /** Starts everything and returns the URI and the web addresses. */
  private String start() throws Exception {
    Map<String, String> shared = shared();
    Configuration conf = new HdfsConfiguration();
    server().forEach(conf::set);
    shared.forEach(conf::set);
    if (keytab != null) {
      UserGroupInformation.setConfiguration(conf);
      UserGroupInformation.loginUserFromKeytab(conf.get("dfs.namenode.kerberos.principal"), keytab);
    }
    EditLogFileOutputStream.setShouldSkipFsyncForTesting(true);
    int names = ha ? 2 : 1;
    int[] rpc = new int[names];
    int[] web = new int[names];
    MiniDFSNNTopology.NSConf nameservice = new MiniDFSNNTopology.NSConf(ha ? NAMESERVICE : null);
    for (int i = 0; i < names; i++) {
      rpc[i] = freePort();
      web[i] = freePort();
      nameservice.addNN(new MiniDFSNNTopology.NNConf(ha ? "nn" + (i + 1) : null).setIpcPort(rpc[i]).setHttpPort(web[i]));
    }
    MiniDFSCluster cluster = new MiniDFSCluster.Builder(conf, new File(dir, "data"))
        .nnTopology(new MiniDFSNNTopology().addNameservice(nameservice))
        .numDataNodes(dataNodes)
        .build();
    if (ha) cluster.transitionToActive(0);
    cluster.waitActive();
    String uri = ha ? "hdfs://" + NAMESERVICE : "hdfs://127.0.0.1:" + rpc[0];
    writeClient(uri, rpc, web, shared);
    commands = new Commands(cluster, names, new File(dir, "conf"));
    commands.directories(user);
    StringBuilder ready = new StringBuilder(uri);
    for (int port : web) ready.append(" 127.0.0.1:").append(port);
    return ready.toString();
  }

  /** What servers and clients both have. */
  private Map<String, String> shared() {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("dfs.replication", String.valueOf(Math.min(dataNodes, 3)));
    keys.put("fs.trash.interval", "0");
    if (keytab != null) {
      keys.put("hadoop.security.authentication", "kerberos");
      keys.put("hadoop.security.authorization", "true");
      keys.put("hadoop.rpc.protection", "authentication");
      keys.put("dfs.data.transfer.protection", "authentication");
      keys.put("dfs.block.access.token.enable", "true");
      keys.put("ignore.secure.ports.for.testing", "true");
      keys.put("dfs.http.policy", "HTTP_ONLY");
      keys.put("dfs.namenode.kerberos.principal", "hdfs/localhost@TEST.LOCAL");
      keys.put("dfs.datanode.kerberos.principal", "hdfs/localhost@TEST.LOCAL");
    }
    keys.putAll(extra);
    return keys;
  }

  /** What only servers have. */
  private Map<String, String> server() {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("hadoop.tmp.dir", new File(dir, "tmp").getPath());
    keys.put("hadoop.user.group.static.mapping.overrides", "hdfs=supergroup,hdfs;hive=hive;alice=analysts;bob=analysts");
    keys.put(CommonConfigurationKeys.IPC_CLIENT_CONNECT_MAX_RETRIES_KEY, "3");
    keys.put("hadoop.proxyuser.hive.hosts", "*");
    keys.put("hadoop.proxyuser.hive.groups", "*");
    keys.put("dfs.permissions.superusergroup", "supergroup");
    keys.put("dfs.namenode.fs-limits.min-block-size", "1024");
    keys.put("dfs.heartbeat.interval", "1");
    keys.put("dfs.namenode.heartbeat.recheck-interval", "1000");
    keys.put("dfs.ha.tail-edits.period", "1");
    keys.put("dfs.namenode.safemode.extension", "0");
    keys.put("dfs.namenode.datanode.registration.ip-hostname-check", "false");
    if (keytab != null) {
      keys.put("dfs.namenode.keytab.file", keytab);
      keys.put("dfs.datanode.keytab.file", keytab);
      keys.put("hadoop.http.authentication.type", "kerberos");
      keys.put("hadoop.http.authentication.simple.anonymous.allowed", "false");
      for (String web : new String[] {"hadoop.http", "dfs.web"}) {
        keys.put(web + ".authentication.kerberos.principal", "HTTP/localhost@TEST.LOCAL");
        keys.put(web + ".authentication.kerberos.keytab", keytab);
      }
    }
    return keys;
  }

  /** The two files that an edge node has. */
  private void writeClient(String uri, int[] rpc, int[] web, Map<String, String> shared) throws IOException {
    Configuration core = new Configuration(false);
    Configuration hdfs = new Configuration(false);
    core.set("fs.defaultFS", uri);
    shared.forEach((key, value) -> (key.startsWith("dfs.") ? hdfs : core).set(key, value));
    if (ha) {
      hdfs.set("dfs.nameservices", NAMESERVICE);
      hdfs.set("dfs.ha.namenodes." + NAMESERVICE, "nn1,nn2");
      hdfs.set("dfs.client.failover.proxy.provider." + NAMESERVICE,
          "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider");
    }
    for (int i = 0; i < rpc.length; i++) {
      String name = ha ? "." + NAMESERVICE + ".nn" + (i + 1) : "";
      hdfs.set("dfs.namenode.rpc-address" + name, "127.0.0.1:" + rpc[i]);
      hdfs.set("dfs.namenode.http-address" + name, "127.0.0.1:" + web[i]);
    }
    File directory = new File(dir, "conf");
    directory.mkdirs();
    try (OutputStream file = new FileOutputStream(new File(directory, "core-site.xml"))) {
      core.writeXml(file);
    }
    try (OutputStream file = new FileOutputStream(new File(directory, "hdfs-site.xml"))) {
      hdfs.writeXml(file);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }
}
