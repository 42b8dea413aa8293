import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.QuotaUsage;
import org.apache.hadoop.fs.permission.AclEntry;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.DFSTestUtil;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.protocol.DirectoryListing;
import org.apache.hadoop.hdfs.protocol.ExtendedBlock;
import org.apache.hadoop.hdfs.protocol.HdfsConstants;
import org.apache.hadoop.hdfs.protocol.HdfsFileStatus;
import org.apache.hadoop.hdfs.protocol.LocatedBlock;
import org.apache.hadoop.hdfs.server.datanode.DataNode;
import org.apache.hadoop.hdfs.server.namenode.FSNamesystem;
import org.apache.hadoop.hdfs.server.namenode.NameNodeAdapter;

/** The commands of tests/cluster/README.md: on the servers, and on files as superuser. */
class Commands {
  private final MiniDFSCluster cluster;
  private final int nameNodes;
  private final File conf;
  private final List<String> dataNodes = new ArrayList<>();
  private final Map<Integer, MiniDFSCluster.DataNodeProperties> stopped = new HashMap<>();
  private final Map<String, FSDataOutputStream> writers = new HashMap<>();
  private final List<FSNamesystem> frozen = new ArrayList<>();
  /** The thread that holds the lock while the NameNode is frozen. */
  private final ExecutorService freezer = Executors.newSingleThreadExecutor(work -> {
    Thread thread = new Thread(work, "freezer");
    thread.setDaemon(true);
    return thread;
  });
  private int killed;
  private DistributedFileSystem client;

  Commands(MiniDFSCluster cluster, int nameNodes, File conf) {
    this.cluster = cluster;
    this.nameNodes = nameNodes;
    this.conf = conf;
    for (DataNode node : cluster.getDataNodes()) dataNodes.add(node.getDatanodeId().getXferAddr());
  }

  /** What an installed cluster has: homes and the directory for everybody's temporary files. */
  void directories(String user) throws IOException {
    for (String name : new String[] {Hdfs.SUPERUSER, "hive", "alice", "bob", user}) {
      if (name == null) continue;
      Path home = new Path("/user/" + name);
      client().mkdirs(home);
      client().setOwner(home, name, null);
    }
    for (String open : new String[] {"/tmp", "/tests", "/warehouse"}) {
      client().mkdirs(new Path(open));
      client().setPermission(new Path(open), new FsPermission((short) 01777));
    }
  }

  String run(List<String> words) throws Exception {
    String verb = words.get(0);
    List<String> rest = words.subList(1, words.size());
    String answer = onServers(verb, rest);
    if (answer == null) answer = onFiles(verb, rest);
    if (answer == null) answer = onAttributes(verb, rest);
    if (answer == null) throw new IOException("unknown command " + verb);
    return answer;
  }

  private int active() throws IOException {
    for (int i = 0; i < nameNodes; i++) {
      if (cluster.getNameNode(i) != null && cluster.getNameNode(i).isActiveState()) return i;
    }
    throw new IOException("no active NameNode");
  }

  private String onServers(String verb, List<String> rest) throws Exception {
    switch (verb) {
      case "active":
        return String.valueOf(active());
      case "killnn":
        killed = rest.isEmpty() ? active() : Integer.parseInt(rest.get(0));
        cluster.shutdownNameNode(killed);
        return String.valueOf(killed);
      case "restartnn":
        return restart(rest.isEmpty() ? killed : Integer.parseInt(rest.get(0)));
      case "failover":
        return failover(rest);
      case "standby":
        cluster.transitionToStandby(active());
        return "";
      case "killdn": {
        int number = Integer.parseInt(rest.get(0));
        stopped.put(number, cluster.stopDataNode(dataNodes.get(number)));
        return "";
      }
      case "startdn":
        cluster.restartDataNode(stopped.remove(Integer.parseInt(rest.get(0))), true);
        cluster.waitActive(active());
        return "";
      case "heal":
        heal();
        return "";
      case "freeze": {
        FSNamesystem names = cluster.getNamesystem(active());
        freezer.submit(() -> {
          names.writeLock();
          frozen.add(names);
        }).get();
        return "";
      }
      case "thaw":
        freezer.submit(() -> {
          frozen.forEach(FSNamesystem::writeUnlock);
          frozen.clear();
        }).get();
        return "";
      case "safemode":
        if (rest.get(0).equals("enter")) NameNodeAdapter.enterSafeMode(cluster.getNameNode(active()), false);
        else NameNodeAdapter.leaveSafeMode(cluster.getNameNode(active()));
        return "";
      case "lease":
        cluster.setLeasePeriod(Long.parseLong(rest.get(0)), Long.parseLong(rest.get(1)), active());
        return "";
      default:
        return null;
    }
  }

  private String restart(int number) throws Exception {
    cluster.restartNameNode(number, nameNodes == 1);
    while (cluster.getNamesystem(number).getNumLiveDataNodes() < cluster.getDataNodes().size()) Thread.sleep(50);
    return String.valueOf(number);
  }

  /** Every NameNode and DataNode runs again, and one NameNode is active. */
  private void heal() throws Exception {
    for (int i = 0; i < nameNodes; i++) {
      if (cluster.getNameNode(i) == null) cluster.restartNameNode(i, false);
    }
    boolean none = true;
    for (int i = 0; i < nameNodes; i++) none &= !cluster.getNameNode(i).isActiveState();
    if (none) cluster.transitionToActive(0);
    for (MiniDFSCluster.DataNodeProperties node : stopped.values()) cluster.restartDataNode(node, true);
    stopped.clear();
    for (int i = 0; i < nameNodes; i++) {
      while (cluster.getNamesystem(i).getNumLiveDataNodes() < dataNodes.size()) Thread.sleep(50);
    }
    cluster.waitActive(active());
  }

  private String failover(List<String> rest) throws Exception {
    int from = -1;
    for (int i = 0; i < nameNodes; i++) {
      if (cluster.getNameNode(i) != null && cluster.getNameNode(i).isActiveState()) from = i;
    }
    int other = from >= 0 ? 1 - from : cluster.getNameNode(0) == null ? 1 : 0;
    int to = rest.isEmpty() ? other : Integer.parseInt(rest.get(0));
    if (from >= 0 && from != to) cluster.transitionToStandby(from);
    if (from != to) cluster.transitionToActive(to);
    return String.valueOf(to);
  }

  private String onFiles(String verb, List<String> rest) throws Exception {
    DistributedFileSystem files = client();
    Path path = rest.isEmpty() ? null : new Path(rest.get(0));
    switch (verb) {
      case "mkdir":
        files.mkdirs(path);
        return "";
      case "rm":
        return String.valueOf(files.delete(path, true));
      case "times": // what a file says of its last change, in milliseconds
        files.setTimes(path, Long.parseLong(rest.get(1)), -1);
        return "";
      case "mv":
        return String.valueOf(files.rename(path, new Path(rest.get(1))));
      case "put":
        FileUtil.copy(new File(rest.get(0)), files, new Path(rest.get(1)), false, files.getConf());
        return "";
      case "get":
        return String.valueOf(FileUtil.copy(files, path, new File(rest.get(1)), false, files.getConf()));
      case "ls": {
        StringBuilder text = new StringBuilder();
        for (FileStatus status : files.listStatus(path)) {
          text.append(status.getPath().getName()).append(status.isDirectory() ? "/ " : "(" + status.getLen() + ") ");
        }
        return text.toString();
      }
      case "pages": { // of a listing with block locations
        int pages = 0;
        byte[] last = HdfsFileStatus.EMPTY_NAME;
        DirectoryListing listing;
        do {
          listing = files.getClient().listPaths(rest.get(0), last, true);
          last = listing.getLastName();
          pages++;
        } while (listing.hasMore());
        return String.valueOf(pages);
      }
      case "stat":
        return describe(path);
      case "blocks": {
        StringBuilder text = new StringBuilder();
        for (LocatedBlock block : files.getClient().getLocatedBlocks(rest.get(0), 0).getLocatedBlocks()) {
          text.append(block.getBlockSize()).append('x').append(block.getLocations().length).append(' ');
        }
        return text.toString();
      }
      case "isclosed":
        return String.valueOf(files.isFileClosed(path));
      case "open":
        return keep(rest, files.create(path, true));
      case "append":
        return keep(rest, files.append(path));
      case "write":
        return write(writers.get(rest.get(0)), rest.get(1));
      case "close":
        writers.remove(rest.get(0)).close();
        return "";
      case "corrupt":
      case "truncblock":
        return damage(path, verb.equals("corrupt") ? null : Long.parseLong(rest.get(1)));
      default:
        return null;
    }
  }

  private String onAttributes(String verb, List<String> rest) throws Exception {
    DistributedFileSystem files = client();
    Path path = rest.isEmpty() ? null : new Path(rest.get(0));
    switch (verb) {
      case "chmod":
        files.setPermission(path, new FsPermission(rest.get(1)));
        return "";
      case "chown": {
        String[] names = rest.get(1).split(":");
        files.setOwner(path, names[0].isEmpty() ? null : names[0], names.length > 1 ? names[1] : null);
        return "";
      }
      case "own":
        own(path, rest.get(1).split(":"));
        return "";
      case "replication":
        return String.valueOf(files.setReplication(path, Short.parseShort(rest.get(1))));
      case "sum": {
        QuotaUsage usage = files.getQuotaUsage(path);
        return "names=" + usage.getFileAndDirectoryCount() + " space=" + usage.getSpaceConsumed()
            + " names_quota=" + usage.getQuota() + " space_quota=" + usage.getSpaceQuota();
      }
      case "quota":
        files.setQuota(path, limit(rest.get(1)), limit(rest.get(2)));
        return "";
      case "allowsnapshot":
        files.allowSnapshot(path);
        return "";
      case "snapshot":
        files.createSnapshot(path, rest.get(1));
        return "";
      case "delsnapshot":
        files.deleteSnapshot(path, rest.get(1));
        return "";
      case "ec":
        files.enableErasureCodingPolicy(rest.get(1));
        files.mkdirs(path);
        files.setErasureCodingPolicy(path, rest.get(1));
        return "";
      case "policy":
        files.setStoragePolicy(path, rest.get(1));
        return "";
      case "xattr":
        files.setXAttr(path, rest.get(1), rest.get(2).getBytes("UTF-8"));
        return "";
      case "acl":
        files.modifyAclEntries(path, AclEntry.parseAclSpec(rest.get(1), true));
        return "";
      case "getacl":
        return files.getAclStatus(path).getEntries().toString();
      default:
        return null;
    }
  }

  private String describe(Path path) throws IOException {
    FileStatus status = client().getFileStatus(path);
    return "len=" + status.getLen() + " mtime=" + status.getModificationTime()
        + " owner=" + status.getOwner() + ":" + status.getGroup()
        + " perm=" + String.format("%04o", status.getPermission().toShort()) + " replication=" + status.getReplication()
        + " block=" + status.getBlockSize() + " acl=" + status.hasAcl()
        + " policy=" + client().getStoragePolicy(path).getName() + " ec=" + client().getErasureCodingPolicy(path);
  }

  private void own(Path path, String[] names) throws IOException {
    client().setOwner(path, names[0], names.length > 1 ? names[1] : null);
    if (!client().getFileStatus(path).isDirectory()) return;
    for (FileStatus below : client().listStatus(path)) own(below.getPath(), names);
  }

  private String keep(List<String> rest, FSDataOutputStream writer) throws IOException {
    writers.put(rest.get(0), writer);
    return write(writer, rest.size() > 1 ? rest.get(1) : "100");
  }

  private static String write(FSDataOutputStream writer, String count) throws IOException {
    byte[] bytes = new byte[Integer.parseInt(count)];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) ('a' + i % 26);
    writer.write(bytes);
    writer.hflush();
    return "";
  }

  /** Changes (or shortens) every replica of the first block on disk. */
  private String damage(Path path, Long length) throws Exception {
    ExtendedBlock block = DFSTestUtil.getFirstBlock(client(), path);
    int replicas = 0;
    for (int i = 0; i < cluster.getDataNodes().size(); i++) {
      File file = cluster.getBlockFile(i, block);
      if (file == null) continue;
      replicas++;
      try (RandomAccessFile replica = new RandomAccessFile(file, "rw")) {
        if (length != null) {
          replica.setLength(length);
        } else {
          replica.seek(replica.length() / 2);
          replica.write("XXXX".getBytes("US-ASCII"));
        }
      }
    }
    return String.valueOf(replicas);
  }

  private static long limit(String text) {
    return text.equals("-") ? HdfsConstants.QUOTA_RESET : Long.parseLong(text);
  }

  /** A client made from the files that were written, so that it follows a failover. */
  private DistributedFileSystem client() throws IOException {
    if (client == null) {
      Configuration site = new HdfsConfiguration();
      site.addResource(new Path(new File(conf, "core-site.xml").toURI()));
      site.addResource(new Path(new File(conf, "hdfs-site.xml").toURI()));
      site.set("ipc.client.connect.max.retries", "2");
      client = (DistributedFileSystem) FileSystem.newInstance(site);
    }
    return client;
  }
}
